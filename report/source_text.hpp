#pragma once
// Reads source files for reports, and finds where a function ends in one.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memprof::report {

struct SourceFile {
  std::string path;                ///< where it was read
  std::vector<std::string> lines;  ///< line n is lines[n - 1]; without line ends
  std::int64_t modified_unix_ms = 0;
};

/// Finds the sources that a profile names, on this machine. Files are read once and kept.
class SourceFiles {
 public:
  /// `directories` are searched for the recorded path and then for ever shorter ends of it, so that a tree that was
  /// built elsewhere is found. The recorded path itself comes first.
  explicit SourceFiles(std::vector<std::string> directories) : directories_(std::move(directories)) {}

  /// nullptr when there is no such regular file, or it is larger than any source.
  const SourceFile* find(const std::string& recorded_path);

 private:
  std::vector<std::string> directories_;
  std::map<std::string, std::optional<SourceFile>> files_;
};

/// Last line of the block in braces that begins at or after `first_line` (from 1), in C, C++ or Rust: comments,
/// strings and character literals are skipped. At least `last_known_line`, a line known to be in the function. Where
/// no block is found, `last_known_line`.
std::uint32_t find_block_end(const std::vector<std::string>& lines, std::uint32_t first_line,
                             std::uint32_t last_known_line);

/// A line that only closes a block: "}", "};", "});", comments aside.
bool is_closing_line(const std::string& line);

}  // namespace memprof::report
