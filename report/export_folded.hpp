#pragma once
// Folded stacks: a line for each call stack, outermost frame first, with its figure. Read by flamegraph.pl, inferno,
// speedscope and many others.

#include "profile/profile.hpp"
#include "profile/text_output.hpp"
#include "report/sums.hpp"

namespace memprof::report {

/// "main;parse;fill 4096": bytes, or allocations for Metric::kTemporary. Stacks without any are left out.
[[nodiscard]] Result<void> export_folded(const Profile& profile, Metric metric, const ByteSink& sink);

}  // namespace memprof::report
