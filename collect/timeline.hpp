#pragma once
// The heap over time in a bounded number of points: when they are full, the interval doubles and neighbours merge.
//
// Points lie on multiples of the interval, in the time of events, so that they do not depend on when the collector
// ran. A span without events gets a point at its beginning and its end, not one each interval.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace memprof::collect {

class Timeline {
 public:
  struct Point {
    std::uint64_t ticks = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t highest_bytes = 0;
    std::uint64_t rss_bytes = 0;
    std::uint64_t allocations = 0;
  };
  static constexpr std::size_t kMaxPoints = 1024;

  explicit Timeline(std::uint64_t interval_ticks) : interval_(std::max<std::uint64_t>(interval_ticks, 1)) {}

  /// Call cross() before an event of this time or later.
  std::uint64_t due() const { return due_; }
  std::uint64_t interval() const { return interval_; }

  /// Time has come to `ticks` (>= due()) and the figures since the last event are these.
  void cross(std::uint64_t ticks, std::uint64_t live_bytes, std::uint64_t allocations);

  /// To be called after each event.
  void note(std::uint64_t live_bytes) { highest_ = std::max(highest_, live_bytes); }

  /// The resident set as last read; used for the points from here on.
  void set_rss(std::uint64_t bytes) { rss_ = bytes; }

  /// Forgets what came later; `highest_bytes` is the highest then since the point before.
  void cut_after(std::uint64_t ticks, std::uint64_t highest_bytes) {
    std::erase_if(points_, [ticks](const Point& point) { return point.ticks > ticks; });
    highest_ = highest_bytes;
    due_ = std::min(due_, ticks);
  }

  /// Adds the last point, which is on no multiple, and returns them all.
  std::vector<Point> finish(std::uint64_t ticks, std::uint64_t live_bytes, std::uint64_t allocations);

 private:
  void add(std::uint64_t ticks, std::uint64_t live_bytes, std::uint64_t allocations);
  void thin_out();

  std::uint64_t interval_;
  std::uint64_t due_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t rss_ = 0;
  std::vector<Point> points_;
};

}  // namespace memprof::collect
