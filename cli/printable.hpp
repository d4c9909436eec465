#pragma once
// Text from profiled programs (paths, function names, arguments) made safe and fit for a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace memprof::cli {

/// Control characters and bytes that aren't UTF-8 become \xNN, so that a name can neither move the cursor nor break
/// a line. Tabs become one space.
std::string printable(std::string_view text);

/// The same for a line of source text, whose tabs reach to the next multiple of 8 columns.
std::string printable_source(std::string_view line);

/// Columns that printable UTF-8 takes: characters without those that combine with the one before.
std::size_t display_width(std::string_view text);

/// At most `width` columns, with "…" in place of the middle; never cuts a character. Width 0: unchanged.
std::string shortened_middle(std::string_view text, std::size_t width);

/// At most `width` columns, with "…" in place of the end. Width 0: unchanged.
std::string shortened_end(std::string_view text, std::size_t width);

/// Padded with spaces in front or behind to `width` columns.
std::string padded_left(std::string_view text, std::size_t width);
std::string padded_right(std::string_view text, std::size_t width);

/// Relative to the working directory where the file is below it, else unchanged.
std::string display_path(const std::string& path);

}  // namespace memprof::cli
