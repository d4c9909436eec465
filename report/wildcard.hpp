#pragma once
// Patterns of suppression files: "*" is any text, "?" one character; nothing else is special, unlike in fnmatch().

#include <string_view>

namespace memprof::report {

enum class Wildcards { kStar, kStarAndQuestionMark };

/// Whether `pattern` matches the whole of `text`.
bool wildcard_matches(std::string_view pattern, std::string_view text, Wildcards wildcards);

}  // namespace memprof::report
