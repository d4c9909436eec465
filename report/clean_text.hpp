#pragma once
// Names and paths of profiled programs hold any byte; a report of ours holds UTF-8.

#include <string>
#include <string_view>

namespace memprof::report {

/// Control characters but tab and end of line, bytes that are not UTF-8, and the two characters that XML forbids
/// become U+FFFD.
std::string clean_text(std::string_view bytes);

/// The same in one line: ends of line and tabs become a space.
std::string clean_line(std::string_view bytes);

}  // namespace memprof::report
