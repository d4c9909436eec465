// `memprof leaks`: what was never freed, by call stack.

#include <memory>

#include "cli/commands.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/stack_text.hpp"
#include "cli/style.hpp"
#include "cli/units.hpp"
#include "report/grouping.hpp"

namespace memprof::cli {
namespace {

struct LeaksOptions {
  ReportOptions report;
  std::uint64_t shown = 10;
  std::uint64_t least_bytes = 0;
  bool innermost = false;
  std::vector<std::string> sources;
};

std::string blocks_text(const report::Measure& measure) {
  return format_size(measure.bytes) + " in " + format_count(measure.count) +
         (measure.count == 1 ? " block" : " blocks");
}

/// Memory that is still there when a program ends isn't always a leak, so it isn't called one.
const char* end_phrase(const Profile& profile) {
  switch (profile.process.end_kind) {
    case EndKind::kReplaced:
      return "Unfreed when the process became another program";
    case EndKind::kStillRunning:
      return "Not freed so far";
    default:
      return "Unfreed at exit";
  }
}

void print_text(const Profile& profile, const std::vector<report::GroupRow>& rows, const report::Measure& total,
                const LeaksOptions& leaks, Console& console) {
  StackText stacks(profile, leaks.sources, console.out_terminal, leaks.report.width(console));
  std::ostream& out = console.out;
  out << capture_note(profile) << end_phrase(profile) << ": " << blocks_text(total);
  if (!rows.empty()) out << " from " << format_count(rows.size()) << (rows.size() == 1 ? " stack" : " stacks");
  out << "  [" << printable(profile.process.program) << "]\n";
  const std::size_t shown = rows_to_show(rows.size(), leaks.shown);
  report::Measure rest;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const report::GroupRow& row = rows[i];
    if (i >= shown) {
      rest.bytes += row.measure.bytes;
      rest.count += row.measure.count;
      continue;
    }
    std::string heading = "unfreed: " + blocks_text(row.measure);
    if (row.measure.count > 1) heading += ", average " + format_average(row.measure.bytes, row.measure.count);
    out << '\n' << bold(heading, console.out_terminal) << '\n' << stacks.of(row.stack);
  }
  if (shown < rows.size()) {
    out << "\n" << rows.size() - shown << " more: " << blocks_text(rest) << "; '-n 0' shows all\n";
  }
}

void print_json(const Profile& profile, const std::vector<report::GroupRow>& rows, const report::Measure& total,
                Console& console) {
  Json json = json_head(profile, "leaks");
  json["unfreed"] = {{"bytes", total.bytes}, {"blocks", total.count}};
  Json stacks = Json::array();
  for (const report::GroupRow& row : rows) {
    stacks.push_back({{"bytes", row.measure.bytes},
                      {"blocks", row.measure.count},
                      {"allocations", row.sums.allocations},
                      {"stack", json_stack(profile, row.stack)}});
  }
  json["stacks"] = std::move(stacks);
  console.out << json_text(json);
}

Result<int> run(LeaksOptions& leaks, Console& console) {
  const Result<Profile> profile = read_report_input(leaks.report, console);
  if (!profile) return tl::unexpected<Error>(profile.error());
  auto grouping = report::group_sites(*profile, {.by = report::GroupBy::kStack, .innermost = leaks.innermost});
  if (!grouping) return tl::unexpected<Error>(std::move(grouping.error()));
  std::vector<report::GroupRow>& rows = grouping->rows;
  std::erase_if(rows, [&](const report::GroupRow& row) { return row.measure.bytes < leaks.least_bytes; });
  if (leaks.report.json) {
    print_json(*profile, rows, grouping->total, console);
  } else {
    print_text(*profile, rows, grouping->total, leaks, console);
  }
  return 0;
}

}  // namespace

Command leaks_command() {
  return {.name = "leaks",
          .summary = "what was never freed, by call stack",
          .description =
              "Lists the blocks that were not freed when the process ended, added up by call stack, the largest first. "
              "Whether they are leaks is not decided here: programs rightly leave caches and singletons to the "
              "system.\n\n"
              "Stacks begin at the frame that called into the allocator or a standard library; --innermost shows those "
              "frames as well.",
          .examples = {{"The ten largest", "memprof leaks app.json"},
                       {"Everything of 64 KiB or more", "memprof leaks app.json -n 0 --min-size 64KiB"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto leaks = std::make_shared<LeaksOptions>();
            add_report_options(parser, leaks->report);
            add_limit(parser, leaks->shown, "stacks");
            add_size(parser, "--min-size", leaks->least_bytes, "leave out stacks with less unfreed than this");
            add_flag(parser, "--innermost", leaks->innermost, "show allocator and library frames at the inner end too");
            add_list(parser, "--source", leaks->sources, "DIR", "where to look for source files; may be repeated");
            return [leaks](const Invocation& invocation) { return run(*leaks, invocation.console); };
          }};
}

}  // namespace memprof::cli
