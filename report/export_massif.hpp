#pragma once
// The text of Valgrind's Massif, for ms_print and massif-visualizer: the timeline as snapshots, of which the one at the
// peak and the last one have a tree of callers.

#include "profile/profile.hpp"
#include "profile/text_output.hpp"

namespace memprof::report {

/// Like Massif's own: at most 100 snapshots, and trees of at most 30 frames without what is below 1 %.
[[nodiscard]] Result<void> export_massif(const Profile& profile, const ByteSink& sink);

}  // namespace memprof::report
