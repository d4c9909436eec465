#pragma once
// A call stack for people: one frame a line from the innermost outwards, its source line below.

#include <string>

#include "profile/profile.hpp"
#include "report/source_text.hpp"

namespace memprof::cli {

/// Ends with an end of line. Repeated frames of recursion are told as such instead of printed again; a stack
/// whose outer part is missing says so. `width` 0: no limit.
std::string stack_text(const Profile& profile, NodeIndex node, report::SourceFiles& sources, unsigned width);

}  // namespace memprof::cli
