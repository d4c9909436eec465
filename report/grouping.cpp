#include "report/grouping.hpp"

#include <algorithm>
#include <numeric>

#include "report/inclusive.hpp"
#include "report/own_frame.hpp"
#include "report/places.hpp"

namespace memprof::report {
namespace {

constexpr const char* kNoStackName = "(no stack recorded)";

bool is_before(const Measure& a, const Measure& b) {
  return a.bytes != b.bytes ? a.bytes > b.bytes : a.count > b.count;
}

bool same(const Measure& a, const Measure& b) { return a.bytes == b.bytes && a.count == b.count; }

PlaceKind place_kind(GroupBy by) {
  switch (by) {
    case GroupBy::kFunction:
      return PlaceKind::kFunction;
    case GroupBy::kFile:
      return PlaceKind::kFile;
    case GroupBy::kModule:
      return PlaceKind::kModule;
    default:
      return PlaceKind::kLine;
  }
}

Result<void> check(const GroupOptions& options) {
  if (options.by == GroupBy::kThread && (options.cumulative || !options.filters.empty())) {
    return failure("threads are recorded without stacks: they can neither be filtered nor cumulative",
                   "leave --cumulative, --include and --exclude away, or group by something else");
  }
  if (options.by == GroupBy::kThread && options.metric == Metric::kMapped) {
    return failure("which thread mapped a range is not recorded", "group mapped ranges by something else");
  }
  if (options.by == GroupBy::kStack && options.cumulative) {
    return failure("whole stacks cannot be cumulative", "use --cumulative with line, function, file or module");
  }
  if (options.by == GroupBy::kType && options.cumulative) {
    return failure("types cannot be cumulative: a block has one type",
                   "use --cumulative with line, function, file or module");
  }
  if (options.by == GroupBy::kType && options.metric == Metric::kMapped) {
    return failure("mapped ranges have no type", "group them by something else");
  }
  if (options.by == GroupBy::kType && options.metric == Metric::kFreed) {
    return failure("frees are recorded by place, not by the type of what is freed",
                   "choose another --metric, or another --group-by");
  }
  return {};
}

/// A row for each entry of `sums` that counts; the frame and name of entry i come from `frame_of(i)`.
template <typename FrameOf>
std::vector<GroupRow> make_rows(const Profile& profile, const GroupOptions& options, const std::vector<Sums>& sums,
                                FrameOf frame_of) {
  std::vector<GroupRow> rows;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Measure measured = measure(sums[i], options.metric);
    if (measured.bytes == 0 && measured.count == 0) continue;
    GroupRow row{.name = kNoStackName, .measure = measured, .sums = sums[i], .frame = frame_of(i)};
    if (row.frame != kNoIndex) row.name = place_name(profile, place_kind(options.by), row.frame);
    rows.push_back(std::move(row));
  }
  return rows;
}

void sort_rows(std::vector<GroupRow>& rows) {
  std::sort(rows.begin(), rows.end(), [](const GroupRow& a, const GroupRow& b) {
    return same(a.measure, b.measure) ? a.name < b.name : is_before(a.measure, b.measure);
  });
}

std::vector<GroupRow> rows_by_own_frame(const Profile& profile, const GroupOptions& options, const OwnFrames& own,
                                        const std::vector<bool>& kept) {
  const Places places = number_places(profile, place_kind(options.by));
  const bool by_source = options.by == GroupBy::kLine || options.by == GroupBy::kFile;
  const std::vector<NodeIndex>& own_node = by_source ? own.source : own.code;
  std::vector<Sums> sums(places.example.size() + 1);  // the last one: sites without a stack
  for (const Site& site : sites_in(profile, domain_of(options.metric))) {
    if (!kept.empty() && !kept[site.stack]) continue;
    const FrameIndex frame = profile.stacks[own_node[site.stack]].frame;
    sums[frame == kNoIndex ? places.example.size() : places.of_frame[frame]].add(site);
  }
  return make_rows(profile, options, sums,
                   [&](std::size_t i) { return i < places.example.size() ? places.example[i] : kNoIndex; });
}

std::vector<GroupRow> cumulative_rows(const Profile& profile, const GroupOptions& options,
                                      const std::vector<bool>& kept) {
  const Places places = number_places(profile, place_kind(options.by));
  const std::vector<Sums> sums = inclusive_sums(profile, subtree_sums(profile, domain_of(options.metric), kept),
                                                places.of_frame, places.example.size());
  return make_rows(profile, options, sums, [&](std::size_t i) { return places.example[i]; });
}

/// Orders stacks by the names of their lines from the inside out, without making the names anew each time.
class StackOrder {
 public:
  explicit StackOrder(const Profile& profile) : profile_(profile) {
    const Places places = number_places(profile, PlaceKind::kLine);
    std::vector<std::string> names;
    for (const FrameIndex frame : places.example) names.push_back(place_name(profile, PlaceKind::kLine, frame));
    std::vector<std::uint32_t> sorted(names.size());
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::sort(sorted.begin(), sorted.end(), [&](auto a, auto b) { return names[a] < names[b]; });
    std::vector<std::uint32_t> ranks(names.size());
    for (std::uint32_t i = 0; i < sorted.size(); ++i) ranks[sorted[i]] = i;
    for (const std::uint32_t place : places.of_frame) rank_of_frame_.push_back(ranks[place]);
  }

  bool operator()(NodeIndex a, NodeIndex b) const {
    while (a != b) {
      const FrameIndex frame_a = a == kNoIndex ? kNoIndex : profile_.stacks[a].frame;
      const FrameIndex frame_b = b == kNoIndex ? kNoIndex : profile_.stacks[b].frame;
      if (frame_a == kNoIndex || frame_b == kNoIndex) return frame_b != kNoIndex;
      if (rank_of_frame_[frame_a] != rank_of_frame_[frame_b]) return rank_of_frame_[frame_a] < rank_of_frame_[frame_b];
      a = profile_.stacks[a].parent;
      b = profile_.stacks[b].parent;
    }
    return false;
  }

 private:
  const Profile& profile_;
  std::vector<std::uint32_t> rank_of_frame_;
};

std::vector<GroupRow> rows_by_stack(const Profile& profile, const GroupOptions& options, const OwnFrames& own,
                                    const std::vector<bool>& kept) {
  const Stacks stacks = number_stacks(profile);
  std::vector<Sums> sums(stacks.example.size());
  for (const Site& site : sites_in(profile, domain_of(options.metric))) {
    if (kept.empty() || kept[site.stack]) sums[stacks.of_node[own.code[site.stack]]].add(site);
  }
  std::vector<GroupRow> rows;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Measure measured = measure(sums[i], options.metric);
    if (measured.bytes == 0 && measured.count == 0) continue;
    const NodeIndex node = stacks.example[i];
    GroupRow row{.name = kNoStackName, .measure = measured, .sums = sums[i], .frame = kNoIndex, .stack = node};
    row.frame = profile.stacks[own.source[node]].frame;
    if (row.frame != kNoIndex) row.name = place_name(profile, PlaceKind::kLine, row.frame);
    rows.push_back(std::move(row));
  }
  const StackOrder by_names(profile);
  std::sort(rows.begin(), rows.end(), [&](const GroupRow& a, const GroupRow& b) {
    return same(a.measure, b.measure) ? by_names(a.stack, b.stack) : is_before(a.measure, b.measure);
  });
  return rows;
}

std::vector<GroupRow> rows_by_thread(const Profile& profile, const GroupOptions& options) {
  std::vector<GroupRow> rows;
  for (const Thread& thread : profile.threads) {
    Sums sums;
    sums.add(thread);
    const Measure measured = measure(sums, options.metric);
    if (measured.bytes == 0 && measured.count == 0) continue;
    const std::string& name = profile.text(thread.name);
    rows.push_back({.name = "thread " + std::to_string(thread.tid) + (name.empty() ? "" : " (" + name + ")"),
                    .measure = measured,
                    .sums = sums});
  }
  return rows;
}

std::vector<GroupRow> rows_by_type(const Profile& profile, const GroupOptions& options, const OwnFrames& own,
                                   const std::vector<bool>& kept) {
  std::vector<GroupRow> rows;
  for (TypeGroup& group : group_by_type(profile, own, kept, options.raw_types)) {
    const Measure measured = measure(group.sums, options.metric);
    if (measured.bytes == 0 && measured.count == 0) continue;
    rows.push_back({.name = std::move(group.name),
                    .measure = measured,
                    .sums = group.sums,
                    .frame = group.frame,
                    .shares = std::move(group.shares)});
  }
  std::sort(rows.begin(), rows.end(), [](const GroupRow& a, const GroupRow& b) {
    if (a.measure.count != b.measure.count) return a.measure.count > b.measure.count;
    return a.measure.bytes != b.measure.bytes ? a.measure.bytes > b.measure.bytes : a.name < b.name;
  });
  return rows;
}

Measure total_of(const Profile& profile, Metric metric, const std::vector<bool>& kept) {
  Sums sums;
  for (const Site& site : sites_in(profile, domain_of(metric))) {
    if (kept.empty() || kept[site.stack]) sums.add(site);
  }
  return measure(sums, metric);
}

}  // namespace

Result<Grouping> group_sites(const Profile& profile, const GroupOptions& options) {
  if (auto allowed = check(options); !allowed) return tl::unexpected<Error>(std::move(allowed.error()));
  const OwnFrames own = find_own_frames(profile, options.innermost);
  const std::vector<bool> kept = kept_stacks(profile, options.filters, own);
  Grouping grouping;
  grouping.total = total_of(profile, options.metric, kept);
  if (options.by == GroupBy::kStack) {
    grouping.rows = rows_by_stack(profile, options, own, kept);  // sorted by more than the name
    return grouping;
  }
  if (options.by == GroupBy::kType) {
    grouping.rows = rows_by_type(profile, options, own, kept);
    return grouping;
  }
  if (options.by == GroupBy::kThread) {
    grouping.rows = rows_by_thread(profile, options);
  } else if (options.cumulative) {
    grouping.rows = cumulative_rows(profile, options, kept);
  } else {
    grouping.rows = rows_by_own_frame(profile, options, own, kept);
  }
  sort_rows(grouping.rows);
  return grouping;
}

}  // namespace memprof::report
