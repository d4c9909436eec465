#include "report/wildcard.hpp"

#include <cstddef>

namespace memprof::report {

bool wildcard_matches(std::string_view pattern, std::string_view text, Wildcards wildcards) {
  // On a mismatch the last "*" takes one character more: no other one has to be tried again.
  std::size_t p = 0, t = 0, after_star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    const bool any_one = p < pattern.size() && pattern[p] == '?' && wildcards == Wildcards::kStarAndQuestionMark;
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
    } else if (p < pattern.size() && (any_one || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace memprof::report
