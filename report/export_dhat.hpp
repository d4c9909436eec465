#pragma once
// The JSON of Valgrind's DHAT, version 2, for its viewer dh_view.html: all figures of all stacks, sortable in a
// browser.

#include "profile/profile.hpp"
#include "profile/text_output.hpp"

namespace memprof::report {

/// "At t-gmax" is the common peak, "at t-end" what was unfreed. Two figures are not known exactly: total lifetimes come
/// from the histograms (blocks that were never freed count nothing), and a stack's own maximum is the higher one of its
/// figures at the peak and at the end. Accesses are not known at all, and the file says so.
[[nodiscard]] Result<void> export_dhat(const Profile& profile, const ByteSink& sink);

}  // namespace memprof::report
