#pragma once
// "Did you mean …?" for mistyped words.

#include <string>
#include <string_view>
#include <vector>

namespace memprof::cli {

/// The candidate nearest to `word`, or "" when none is near enough to be what was meant. Counts insertions,
/// deletions, substitutions and swaps of neighbours; a candidate that begins with `word` is always near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace memprof::cli
