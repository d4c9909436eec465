#include "report/growth.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "report/frame_names.hpp"
#include "report/name_matching.hpp"

namespace memprof::report {
namespace {

/// 128 bits, because the names of all frames of 500,000 stacks take gigabytes, and two stacks with one key would be
/// counted as one.
using Digest = std::array<std::uint64_t, 2>;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15u;
  return hash ^ (hash >> 29);
}

Digest digest_of(std::string_view text) {
  // FNV-1a, from two beginnings.
  Digest digest{0xcbf2'9ce4'8422'2325u, 0x6c62'272e'07bb'0142u};
  for (const char c : text) {
    for (std::uint64_t& half : digest) half = (half ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3u;
  }
  return {mixed(digest[0], 1), mixed(digest[1], 2)};
}

/// What makes groups of two profiles the same: their names, of stacks those of all frames.
class GroupKeys {
 public:
  explicit GroupKeys(const Profile& profile) : profile_(profile), frames_(profile.frames.size()) {}

  std::string of(const GroupRow& row) {
    if (row.stack == kNoIndex) return row.name;
    Digest digest{};
    for (NodeIndex node = row.stack; node != kNoIndex; node = profile_.stacks[node].parent) {
      if (profile_.stacks[node].frame == kNoIndex) break;
      const Digest& frame = frame_digest(profile_.stacks[node].frame);
      for (std::size_t half = 0; half < digest.size(); ++half) digest[half] = mixed(digest[half], frame[half]);
    }
    return std::string(reinterpret_cast<const char*>(digest.data()), sizeof digest);
  }

 private:
  const Digest& frame_digest(FrameIndex index) {
    Digest& digest = frames_[index];
    if (digest == Digest{}) {
      const Frame& frame = profile_.frames[index];
      digest = digest_of(normalised_function(function_name(profile_, frame)) + '\n' + line_name(profile_, frame));
    }
    return digest;
  }

  const Profile& profile_;
  std::vector<Digest> frames_;  ///< by frame; zeros: not needed so far
};

}  // namespace

Result<std::vector<GrowthRow>> Growth::next(const Profile& profile) {
  auto grouping = group_sites(profile, options_);
  if (!grouping) return tl::unexpected<Error>(std::move(grouping.error()));
  GroupKeys keys(profile);
  std::vector<GrowthRow> rows;
  for (GroupRow& row : grouping->rows) {
    std::uint64_t& highest = highest_[keys.of(row)];
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
