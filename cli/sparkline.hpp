#pragma once
// A timeline in one row of block characters.

#include <cstddef>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::cli {

/// `columns` characters over the whole duration, each as high as the highest live heap in its share of the time.
/// Times without a point keep the heap of the point before. Empty without points or heap.
std::string sparkline(const std::vector<TimelinePoint>& timeline, double duration_s, std::size_t columns);

}  // namespace memprof::cli
