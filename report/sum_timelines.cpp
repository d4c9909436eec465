#include "report/sum_timelines.hpp"

#include <algorithm>

namespace memprof::report {
namespace {

constexpr std::size_t kMostPoints = 1024;

struct Change {
  double time_s;
  std::size_t profile;
  TimelinePoint figures;  // from then on
};

std::vector<Change> changes_of(const std::vector<Profile>& profiles, TimelineSum& sum) {
  sum.start_unix_ms = profiles.front().process.start_unix_ms;
  for (const Profile& profile : profiles) {
    sum.start_unix_ms = std::min(sum.start_unix_ms, profile.process.start_unix_ms);
  }
  std::vector<Change> changes;
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const Process& process = profiles[i].process;
    const double start = static_cast<double>(process.start_unix_ms - sum.start_unix_ms) / 1000;
    for (const TimelinePoint& point : profiles[i].timeline) changes.push_back({start + point.time_s, i, point});
    TimelinePoint gone;
    gone.allocations = profiles[i].totals.allocations;
    const double last = profiles[i].timeline.empty() ? 0 : profiles[i].timeline.back().time_s;
    const double end = start + std::max(process.duration_s, last);
    sum.duration_s = std::max(sum.duration_s, end);
    if (process.end_kind != EndKind::kStillRunning) changes.push_back({end, i, gone});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.time_s < b.time_s; });
  return changes;
}

}  // namespace

TimelineSum sum_timelines(const std::vector<Profile>& profiles) {
  TimelineSum sum;
  const std::vector<Change> changes = changes_of(profiles, sum);
  std::vector<TimelinePoint> now(profiles.size());
  TimelinePoint total;
  const double interval = sum.duration_s / static_cast<double>(kMostPoints);
  for (const Change& change : changes) {
    TimelinePoint& own = now[change.profile];
    const std::uint64_t highest =
        total.live_bytes - own.live_bytes + std::max(change.figures.highest_bytes, change.figures.live_bytes);
    total.live_bytes += change.figures.live_bytes - own.live_bytes;
    total.rss_bytes += change.figures.rss_bytes - own.rss_bytes;
    total.allocations += change.figures.allocations - own.allocations;
    own = change.figures;
    total.time_s = change.time_s;
    total.highest_bytes = highest;
    if (sum.points.size() > 1 && change.time_s - sum.points[sum.points.size() - 2].time_s < interval) {
      total.highest_bytes = std::max(highest, sum.points.back().highest_bytes);
      sum.points.back() = total;
    } else {
      sum.points.push_back(total);
    }
  }
  return sum;
}

}  // namespace memprof::report
