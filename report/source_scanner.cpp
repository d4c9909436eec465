#include "report/source_scanner.hpp"

#include <cctype>

namespace memprof::report {

/// In the current line; '\n' just behind it, 0 further away.
char SourceScanner::peek(std::size_t ahead) const {
  if (at_end()) return 0;
  const std::string& line = lines_[row_];
  const std::size_t at = column_ + ahead;
  if (at < line.size()) return line[at];
  return at == line.size() ? '\n' : '\0';
}

void SourceScanner::advance() {
  if (column_ < lines_[row_].size()) {
    ++column_;
  } else {
    ++row_;
    column_ = 0;
  }
}

void SourceScanner::skip_rest_of_line() {
  ++row_;
  column_ = 0;
}

void SourceScanner::skip_block_comment() {
  while (!at_end() && !(peek(0) == '*' && peek(1) == '/')) advance();
  if (!at_end()) column_ += 2;
}

void SourceScanner::skip_quoted(char quote) {
  while (!at_end() && peek(0) != quote) {
    if (peek(0) == '\\') advance();
    if (!at_end()) advance();
  }
  if (!at_end()) advance();
}

/// At R"delimiter( — the prefix before the R and the R itself have been passed or are passed here.
void SourceScanner::skip_raw_string() {
  column_ += 2;
  std::string close = ")";
  while (!at_end() && peek(0) != '(' && peek(0) != '\n') {
    close += peek(0);
    advance();
  }
  close += '"';
  while (!at_end()) {
    const std::size_t found = lines_[row_].find(close, column_);
    if (found != std::string::npos) {
      column_ = found + close.size();
      return;
    }
    skip_rest_of_line();
  }
}

/// Not a digit separator (1'000) nor a Rust lifetime ('a).
bool SourceScanner::begins_character_literal() const {
  const bool after_word = column_ > 0 && std::isalnum(static_cast<unsigned char>(lines_[row_][column_ - 1])) != 0;
  const char before = column_ > 0 ? lines_[row_][column_ - 1] : ' ';
  const bool prefixed = before == 'L' || before == 'u' || before == 'U' || before == '8' || before == 'b';
  return (!after_word || prefixed) && (peek(1) == '\\' || peek(2) == '\'' || static_cast<signed char>(peek(1)) < 0);
}

bool SourceScanner::begins_raw_string() const {
  const char before = column_ > 0 ? lines_[row_][column_ - 1] : ' ';
  const bool in_word = std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '_';
  const bool prefixed = before == 'L' || before == 'u' || before == 'U' || before == '8';
  return peek(0) == 'R' && peek(1) == '"' && (!in_word || prefixed);
}

char SourceScanner::next() {
  while (!at_end()) {
    const char c = peek(0);
    found_row_ = row_;
    if (c == '/' && peek(1) == '/') {
      skip_rest_of_line();
    } else if (c == '/' && peek(1) == '*') {
      column_ += 2;
      skip_block_comment();
    } else if (begins_raw_string()) {
      skip_raw_string();
      return '"';
    } else if (c == '"' || (c == '\'' && begins_character_literal())) {
      advance();
      skip_quoted(c);
      return c;
    } else {
      advance();
      if (std::isspace(static_cast<unsigned char>(c)) == 0) return c;
    }
  }
  return 0;
}

}  // namespace memprof::report
