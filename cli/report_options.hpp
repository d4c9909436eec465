#pragma once
// What all reports on one profile file share: the file, --json, --full-names, and the first line of an untrustworthy
// capture.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace CLI {
class App;
}

namespace memprof::cli {

struct ReportOptions {
  std::string file;
  std::optional<std::uint64_t> pid;  ///< of an index: only this process
  bool json = false;
  bool full_names = false;

  /// Columns to keep to; 0: no limit.
  unsigned width(const Console& console) const { return full_names ? 0 : console.out_terminal.width; }
};

/// FILE, --pid, --json and --full-names.
void add_report_options(CLI::App& parser, ReportOptions& options);

/// Reads FILE. What a reader of text has to know of a sum of processes is printed at once, before the report.
[[nodiscard]] Result<Profile> read_report_input(const ReportOptions& options, Console& console);

/// -n; `shown` keeps its value as the default.
void add_limit(CLI::App& parser, std::uint64_t& shown, const std::string& what);

/// Of `total` rows the number to show under the limit `shown`, where 0 means all.
std::size_t rows_to_show(std::size_t total, std::uint64_t shown);

/// "Capture degraded: …" or "Capture partial: …" with the reasons and an end of line; "" when it is complete.
std::string capture_note(const Profile& profile);

}  // namespace memprof::cli
