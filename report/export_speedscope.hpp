#pragma once
// The file format of https://www.speedscope.app: one "sampled" profile for each metric, weights in bytes.

#include <vector>

#include "profile/profile.hpp"
#include "profile/text_output.hpp"
#include "report/sums.hpp"

namespace memprof::report {

/// The viewer shows the first of `metrics` and lets one choose the others. Metric::kTemporary counts allocations.
[[nodiscard]] Result<void> export_speedscope(const Profile& profile, const std::vector<Metric>& metrics,
                                             const ByteSink& sink);

}  // namespace memprof::report
