// `memprof scopes`: what the parts that the program named itself did with memory.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/style.hpp"
#include "cli/units.hpp"
#include "profile/profile_file.hpp"
#include "report/scope_tree.hpp"

namespace memprof::cli {
namespace {

struct ScopesOptions {
  ReportOptions report;
  bool together = false;
};

/// A scope may be over in no time.
std::string time_text(double seconds) {
  if (seconds >= 1e-3) return format_duration(seconds);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f us", std::max(seconds, 0.0) * 1e6);
  return text.data();
}

std::string thread_text(const Profile& profile, std::uint32_t thread) {
  const Thread& row = profile.threads[thread];
  const std::string name = printable(profile.text(row.name));
  return "thread " + std::to_string(row.tid) + (name.empty() ? "" : " (" + name + ")");
}

std::string name_text(const Profile& profile, const report::ScopeRow& row) {
  std::string text = std::string(std::size_t{2} * row.depth, ' ') + printable(profile.text(row.name));
  if (row.unended_calls > 0) text += "  (" + format_count(row.unended_calls) + " not ended)";
  return text;
}

void print_text(const Profile& profile, const std::vector<report::ScopeRow>& rows, const ScopesOptions& options,
                Console& console) {
  std::ostream& out = console.out;
  out << capture_note(profile);
  if (rows.empty()) {
    out << "The program named no scopes: see MEMPROF_SCOPE in memprof.h  [" << printable(profile.process.program)
        << "]\n";
    return;
  }
  std::vector<std::array<std::string, 6>> table{{"calls", "time", "net", "peak", "allocations", "scope"}};
  for (const report::ScopeRow& row : rows) {
    table.push_back({format_count(row.calls), time_text(row.duration_s), format_size_change(row.net_bytes()),
                     format_size(row.peak_bytes), format_count(row.allocations), name_text(profile, row)});
  }
  constexpr std::size_t kName = 5;
  std::array<std::size_t, kName> widths{};
  for (const auto& cells : table) {
    for (std::size_t i = 0; i < kName; ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  const unsigned width = options.report.width(console);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool new_thread = i == 1 || (i > 1 && rows[i - 1].thread != rows[i - 2].thread);
    if (!options.together && new_thread) {
      out << bold(shortened_end(thread_text(profile, rows[i - 1].thread), width), console.out_terminal) << '\n';
    }
    std::string line;
    for (std::size_t cell = 0; cell < kName; ++cell) line += padded_left(table[i][cell], widths[cell]) + "  ";
    out << shortened_end(line + table[i][kName], width) << '\n';
  }
}

void print_json(const Profile& profile, const std::vector<report::ScopeRow>& rows, Console& console) {
  Json json = json_head(profile, "scopes");
  Json scopes = Json::array();
  std::vector<std::string> path;
  for (const report::ScopeRow& row : rows) {
    path.resize(row.depth);
    path.push_back(profile.text(row.name));
    Json scope = {{"name", path.back()}, {"path", path}, {"depth", row.depth}};
    if (row.thread != kNoIndex) {
      scope["tid"] = profile.threads[row.thread].tid;
      scope["thread"] = profile.text(profile.threads[row.thread].name);
    }
    scope.update({{"calls", row.calls},
                  {"unended_calls", row.unended_calls},
                  {"duration_s", row.duration_s},
                  {"net_bytes", row.net_bytes()},
                  {"peak_bytes", row.peak_bytes},
                  {"allocations", row.allocations},
                  {"allocated_bytes", row.allocated_bytes},
                  {"frees", row.frees},
                  {"freed_bytes", row.freed_bytes}});
    scopes.push_back(std::move(scope));
  }
  json["scopes"] = std::move(scopes);
  console.out << json_text(json);
}

Result<int> run(const ScopesOptions& options, Console& console) {
  const Result<Profile> profile = read_profile(options.report.file);
  if (!profile) return tl::unexpected<Error>(profile.error());
  const auto rows =
      report::scope_tree(*profile, options.together ? report::ScopeThreads::kTogether : report::ScopeThreads::kApart);
  if (options.report.json) {
    print_json(*profile, rows, console);
  } else {
    print_text(*profile, rows, options, console);
  }
  return 0;
}

}  // namespace

Command scopes_command() {
  return {.name = "scopes",
          .summary = "what the parts that a program named itself did with memory",
          .description =
              "Prints the scopes that the program marked with MEMPROF_SCOPE or memprof_scope_begin() of memprof.h, by "
              "thread and nesting: how often each was entered and for how long, the bytes that its thread allocated "
              "minus those that it freed inside (net), the highest such sum at any one time within a call (peak), and "
              "the allocations. What a scope inside another one does counts for both.",
          .examples = {{"By thread", "memprof scopes app.json"},
                       {"Of a pool of threads that do the same", "memprof scopes app.json --together"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<ScopesOptions>();
            add_report_options(parser, options->report);
            add_flag(parser, "--together", options->together,
                     "add up threads: calls, time, net and allocations; the highest peak");
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
