#include "cli/report_options.hpp"

#include <algorithm>

#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/profile_input.hpp"
#include "report/capture_verdict.hpp"

namespace memprof::cli {

void add_report_options(CLI::App& parser, ReportOptions& options) {
  add_required(parser, "FILE", options.file, "a profile that 'memprof run' wrote, or its index of several");
  add_pid(parser, "--pid", options.pid, "of an index, only this process instead of the sum");
  add_flag(parser, "--json", options.json, "print JSON with all rows instead of text");
  add_flag(parser, "--full-names", options.full_names, "do not shorten names to fit the terminal");
}

Result<Profile> read_report_input(const ReportOptions& options, Console& console) {
  auto input = read_profile_input(options.file, options.pid);
  if (!input) return tl::unexpected(std::move(input.error()));
  if (!options.json) console.out << input->note;
  return std::move(input->profile);
}

void add_limit(CLI::App& parser, std::uint64_t& shown, const std::string& what) {
  add_number(parser, "-n,--limit", shown, 0,
             what + " to show, 0 for all (default " + std::to_string(shown) + "; --json always has all)");
}

std::size_t rows_to_show(std::size_t total, std::uint64_t shown) {
  return shown == 0 ? total : static_cast<std::size_t>(std::min<std::uint64_t>(total, shown));
}

std::string capture_note(const Profile& profile) {
  const std::string verdict = report::capture_verdict(profile.capture);
  return verdict == "complete" ? std::string() : "Capture " + printable(verdict) + "\n";
}

}  // namespace memprof::cli
