#pragma once
// What `memprof run` says of the started program when it has ended.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::cli {

struct SummaryStyle {
  unsigned width = 0;   ///< columns that a line may have; 0: no limit
  bool colour = false;  ///< bold titles, and a verdict that stands out when it is a bad one
};

/// `title` and then `text`, broken between words; the lines after the first are indented by the title's width.
[[nodiscard]] std::vector<std::string> wrapped(const std::string& title, const std::string& text, unsigned width);

/// Lines without "memprof: ": how it ended, totals, peak, unfreed, capture quality, top sites at the peak.
[[nodiscard]] std::vector<std::string> summarize(const Profile& profile, const SummaryStyle& style);

/// One more process than the main one, its profile written.
struct OtherProcess {
  std::uint32_t tree_row = 0;
  std::uint64_t peak_bytes = 0;
  std::string path;
  std::string next;  ///< the command that shows most of it
};

/// What to look at first: source lines, where any are known.
std::string next_command(const Profile& profile, const std::string& path);

}  // namespace memprof::cli
