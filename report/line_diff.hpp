#pragma once
// The per-line table of two profiles with their increments side by side.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/result.hpp"
#include "report/line_table.hpp"
#include "report/shared_places.hpp"

namespace memprof::report {

struct LineDiffRow {
  std::uint32_t line = 0;
  std::uint32_t moved_from = 0;                              ///< the line in the old profile, where it differs
  std::optional<std::int64_t> old_increment, new_increment;  ///< nothing: no event there
  std::string text;

  std::int64_t change() const { return new_increment.value_or(0) - old_increment.value_or(0); }
};

struct FunctionDiff {
  FunctionTable function;  ///< without rows
  bool vanished = false;   ///< lines that only the old profile has: line numbers and text are the old ones
  std::int64_t largest_change = 0;
  std::vector<LineDiffRow> rows;
};

/// Functions with a line whose increment changed: user code first, then by |largest_change|.
[[nodiscard]] Result<std::vector<FunctionDiff>> diff_lines(DiffSide old_side, DiffSide new_side,
                                                           const LineTableOptions& old_options,
                                                           const LineTableOptions& new_options);

}  // namespace memprof::report
