#pragma once
// A call stack for people: one frame a line from the innermost outwards, its source line below.

#include <string>

#include "cli/console.hpp"
#include "profile/profile.hpp"
#include "report/source_text.hpp"

namespace memprof::cli {

struct StackStyle {
  Terminal terminal;
  unsigned width = 0;  ///< columns to keep to; 0: no limit
};

/// Ends with an end of line. Repeated frames of recursion are told as such instead of printed again; a stack
/// whose outer part is missing says so.
std::string stack_text(const Profile& profile, NodeIndex node, report::SourceFiles& sources, const StackStyle& style);

}  // namespace memprof::cli
