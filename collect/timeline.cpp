#include "collect/timeline.hpp"

namespace memprof::collect {

void Timeline::cross(std::uint64_t ticks, std::uint64_t live_bytes, std::uint64_t allocations) {
  const std::uint64_t last = ticks / interval_ * interval_;
  if (last > due_) add(due_, live_bytes, allocations);
  // Adding may have doubled the interval, then `last` may lie between two points; due_ moved on all the same.
  if (last >= due_) add(last, live_bytes, allocations);
}

void Timeline::add(std::uint64_t ticks, std::uint64_t live_bytes, std::uint64_t allocations) {
  points_.push_back({ticks, live_bytes, std::max(highest_, live_bytes), rss_, allocations});
  highest_ = live_bytes;
  if (points_.size() >= kMaxPoints) thin_out();
  due_ = (ticks / interval_ + 1) * interval_;
}

void Timeline::thin_out() {
  while (points_.size() > kMaxPoints / 2) {
    interval_ *= 2;
    std::size_t kept = 0;
    for (std::size_t i = 1; i < points_.size(); ++i) {
      // The points of one interval, its end included, become the last of them.
      const auto cell = [&](const Point& point) { return (point.ticks + interval_ - 1) / interval_; };
      const std::uint64_t highest = points_[kept].highest_bytes;
      const bool same = cell(points_[kept]) == cell(points_[i]);
      if (!same) ++kept;
      points_[kept] = points_[i];
      if (same) points_[kept].highest_bytes = std::max(highest, points_[i].highest_bytes);
    }
    points_.resize(kept + 1);
  }
}

std::vector<Timeline::Point> Timeline::finish(std::uint64_t ticks, std::uint64_t live_bytes,
                                              std::uint64_t allocations) {
  if (ticks >= due_) cross(ticks, live_bytes, allocations);
  if (points_.empty() || points_.back().ticks < ticks) {
    add(ticks, live_bytes, allocations);
  } else {
    // Time stood still, or went backwards in a damaged region: the end replaces the last point.
    points_.back() = {points_.back().ticks, live_bytes, std::max(points_.back().highest_bytes, highest_), rss_,
                      allocations};
  }
  return std::move(points_);
}

}  // namespace memprof::collect
