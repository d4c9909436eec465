#include "report/growth.hpp"

#include <algorithm>

#include "report/frame_names.hpp"
#include "report/name_matching.hpp"

namespace memprof::report {
namespace {

/// What makes a group the same one in the next profile.
std::string key_of(const Profile& profile, const GroupRow& row) {
  if (row.stack == kNoIndex) return row.name;
  std::string key;
  for (NodeIndex node = row.stack; node != kNoIndex; node = profile.stacks[node].parent) {
    if (profile.stacks[node].frame == kNoIndex) break;
    const Frame& frame = profile.frames[profile.stacks[node].frame];
    key += normalised_function(function_name(profile, frame)) + '\n' + line_name(profile, frame) + '\n';
  }
  return key;
}

}  // namespace

Result<std::vector<GrowthRow>> Growth::next(const Profile& profile) {
  auto grouping = group_sites(profile, options_);
  if (!grouping) return tl::unexpected<Error>(std::move(grouping.error()));
  std::vector<GrowthRow> rows;
  for (GroupRow& row : grouping->rows) {
    std::uint64_t& highest = highest_[key_of(profile, row)];
    if (row.measure.count <= highest) continue;
    rows.push_back({std::move(row.name), row.measure.count, row.measure.bytes, row.measure.count - highest, row.stack});
    highest = row.measure.count;
  }
  std::sort(rows.begin(), rows.end(), [](const GrowthRow& a, const GrowthRow& b) {
    if (a.growth != b.growth) return a.growth > b.growth;
    return a.count != b.count ? a.count > b.count : a.name < b.name;
  });
  return rows;
}

}  // namespace memprof::report
