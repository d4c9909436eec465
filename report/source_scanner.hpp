#pragma once
// The characters of C, C++ or Rust source that carry structure: everything but white space, comments and the
// contents of literals. Knows just enough of the languages to count braces.

#include <cstdint>
#include <string>
#include <vector>

namespace memprof::report {

class SourceScanner {
 public:
  /// `lines` must outlive the scanner; begins at `first_line` (from 1).
  SourceScanner(const std::vector<std::string>& lines, std::uint32_t first_line)
      : lines_(lines), row_(first_line == 0 ? 0 : first_line - 1) {}

  /// The next such character, 0 at the end. A string literal is one '"', a character literal one '\''.
  char next();

  /// Line of the character that next() returned, from 1.
  std::uint32_t line() const { return static_cast<std::uint32_t>(found_row_ + 1); }

 private:
  char peek(std::size_t ahead) const;
  bool at_end() const { return row_ >= lines_.size(); }
  void advance();
  void skip_rest_of_line();
  void skip_block_comment();
  void skip_quoted(char quote);
  void skip_raw_string();
  bool begins_character_literal() const;
  bool begins_raw_string() const;

  const std::vector<std::string>& lines_;
  std::size_t row_ = 0, column_ = 0;
  std::size_t found_row_ = 0;
};

}  // namespace memprof::report
