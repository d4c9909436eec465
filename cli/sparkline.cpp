#include "cli/sparkline.hpp"

#include <algorithm>
#include <array>

namespace memprof::cli {
namespace {

std::size_t column_of(double time_s, double duration_s, std::size_t columns) {
  const double share = duration_s > 0 ? std::clamp(time_s / duration_s, 0.0, 1.0) : 0.0;
  return std::min(columns - 1, static_cast<std::size_t>(share * static_cast<double>(columns)));
}

std::vector<std::uint64_t> heights_by_column(const std::vector<TimelinePoint>& timeline, double duration_s,
                                             std::size_t columns) {
  std::vector<std::uint64_t> heights(columns, 0);
  std::size_t column = 0;
  std::uint64_t live = 0;  // after the last point
  for (const TimelinePoint& point : timeline) {
    const std::size_t here = std::max(column, column_of(point.time_s, duration_s, columns));
    // Up to its own column a point tells of the time since the one before.
    for (; column < here; ++column) heights[column] = std::max(heights[column], live);
    heights[here] = std::max({heights[here], point.highest_bytes, point.live_bytes});
    live = point.live_bytes;
  }
  for (++column; column < columns; ++column) heights[column] = live;
  return heights;
}

}  // namespace

std::string sparkline(const std::vector<TimelinePoint>& timeline, double duration_s, std::size_t columns) {
  constexpr std::array kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (timeline.empty() || columns == 0) return {};
  const std::vector<std::uint64_t> heights = heights_by_column(timeline, duration_s, columns);
  const std::uint64_t highest = *std::max_element(heights.begin(), heights.end());
  if (highest == 0) return {};
  std::string line;
  for (const std::uint64_t height : heights) {
    // Whatever isn't nothing is seen: the lowest block stands for everything above zero.
    const double eighths = 8.0 * static_cast<double>(height) / static_cast<double>(highest);
    const auto level = static_cast<std::size_t>(eighths + 0.5);
    line += kBlocks[height == 0 ? 0 : std::clamp<std::size_t>(level, 1, 8)];
  }
  return line;
}

}  // namespace memprof::cli
