#pragma once
// The heaps of several processes over a common time.

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

struct TimelineSum {
  std::int64_t start_unix_ms = 0;     ///< of the earliest process
  double duration_s = 0;              ///< from there to the end of the last one
  std::vector<TimelinePoint> points;  ///< a bounded number
};

/// Between two of its points a process counts with its figures at the earlier one, after its end with nothing. Starts
/// are known to a millisecond, so what happened closer together than that may be in the wrong order here.
[[nodiscard]] TimelineSum sum_timelines(const std::vector<Profile>& profiles);

}  // namespace memprof::report
