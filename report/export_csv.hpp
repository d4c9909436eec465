#pragma once
// A table for spreadsheets and data frames (RFC 4180 but for plain line ends): a row for each site, all its figures.

#include "profile/profile.hpp"
#include "profile/text_output.hpp"

namespace memprof::report {

/// Function, file, line and module are those of the site's own frame; `stack` has all frames, outermost first,
/// separated by semicolons.
[[nodiscard]] Result<void> export_csv(const Profile& profile, const ByteSink& sink);

}  // namespace memprof::report
