#pragma once
// memory_profiler's table for native code: what happened on each line of a function, from events, so exact.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/sums.hpp"

namespace memprof::report {

struct LineTableOptions {
  std::string function = {};            ///< POSIX extended regular expression, searched in the name; empty: all
  std::vector<std::string> files = {};  ///< globs as in filter.hpp; a function is kept if any matches or none is given
  /// Where sources are searched for. What lies below them or below the working directory is user code.
  std::vector<std::string> directories = {};
  bool library = false;  ///< with functions of the standard libraries; they are shown too where asked for by name
  Domain domain = Domain::kHeap;  ///< for ranges, Mem usage is the highest sum of mapped bytes
  bool innermost = false;         ///< how `self_allocated_bytes` attributes; see own_frame.hpp
};

struct LineRow {
  std::uint32_t line = 0;
  bool has_events = false;
  /// Inclusive: the line is anywhere on the stack of the event, once per event. Mem usage is highest_heap, Increment
  /// increment(), Occurrences allocations.
  Sums sums;
  std::uint64_t self_allocated_bytes = 0;  ///< allocated with this line as the site's own frame
  std::string text;                        ///< of the source; empty where it could not be read
};

struct FunctionTable {
  std::string function;                ///< of several with one body (templates) the first by name
  std::string file;                    ///< as recorded
  std::string source_path;             ///< where it was read; empty: not readable
  bool user_code = false;              ///< its source exists below the working directory or one of the directories
  bool source_changed = false;         ///< the file is younger than the profile
  std::int64_t largest_increment = 0;  ///< of any line, by absolute value, with its sign
  std::vector<LineRow> rows;           ///< by line; the whole function, without a source only lines with events
};

struct LineTables {
  std::vector<FunctionTable> functions;  ///< user code first, then by |largest_increment|
  std::size_t library_left_out = 0;      ///< functions of the standard libraries
};

/// Fails on a malformed regular expression.
[[nodiscard]] Result<LineTables> line_tables(const Profile& profile, const LineTableOptions& options);

}  // namespace memprof::report
