#pragma once
// profile.proto of https://github.com/google/pprof, compressed with gzip as its readers expect.

#include "profile/profile.hpp"
#include "profile/text_output.hpp"
#include "report/sums.hpp"

namespace memprof::report {

/// Sample types as in Go's heap profiles: alloc_objects, alloc_space, inuse_objects, inuse_space. In use is what was
/// unfreed at the end, with Metric::kPeak what was live at the peak, or with Metric::kMapped (instead of the heap) the
/// mapped ranges at their peak. Frames that were inlined at one address are
/// lines of one location.
[[nodiscard]] Result<void> export_pprof(const Profile& profile, Metric in_use, const ByteSink& sink);

}  // namespace memprof::report
