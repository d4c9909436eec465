#pragma once
// memprof diff as text.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "report/diff.hpp"
#include "report/line_diff.hpp"

namespace memprof::cli {

/// Two profiles under comparison and how to print about them.
struct DiffView {
  const Profile& old_profile;
  const Profile& new_profile;
  std::vector<std::string> source_directories;  ///< of the new one
  unsigned width = 0;                           ///< 0: no limit
  std::uint64_t shown = 10;                     ///< rows or functions, 0: all
};

/// The first lines: which capture is incomplete, and whether different things are compared.
std::string diff_notes(const DiffView& view);

/// Totals of both with their differences.
void print_totals(const DiffView& view, report::Domain domain, Console& console);

void print_diff(const DiffView& view, const report::Diff& diff, const report::GroupOptions& options, Console& console);

void print_line_diff(const DiffView& view, const std::vector<report::FunctionDiff>& functions, Console& console);

}  // namespace memprof::cli
