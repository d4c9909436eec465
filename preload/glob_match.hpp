#pragma once
// Patterns of program names: "*" is any text, "?" one character; nothing else is special.

#include <cstddef>

namespace memprof::preload {

/// Whether the pattern of this length matches the whole of `text`.
inline bool glob_matches(const char* pattern, std::size_t pattern_bytes, const char* text) {
  // On a mismatch the last "*" takes one character more: no other one has to be tried again.
  const char* const end = pattern + pattern_bytes;
  const char* after_star = nullptr;
  const char* star_text = nullptr;
  while (*text != '\0') {
    if (pattern != end && *pattern == '*') {
      after_star = ++pattern;
      star_text = text;
    } else if (pattern != end && (*pattern == '?' || *pattern == *text)) {
      ++pattern;
      ++text;
    } else if (after_star != nullptr) {
      pattern = after_star;
      text = ++star_text;
    } else {
      return false;
    }
  }
  while (pattern != end && *pattern == '*') ++pattern;
  return pattern == end;
}

}  // namespace memprof::preload
