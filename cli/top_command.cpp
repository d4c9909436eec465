// `memprof top`: tracemalloc's statistics of one profile.

#include <array>
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "cli/grouping_options.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/report_options.hpp"
#include "cli/stack_text.hpp"
#include "cli/style.hpp"
#include "cli/type_text.hpp"
#include "cli/units.hpp"
#include "report/grouping.hpp"

namespace memprof::cli {
namespace {

struct TopOptions {
  ReportOptions report;
  GroupingWords grouping;
  std::uint64_t shown = 10;
  bool wide = false;
};

std::string percent(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

/// The part of a row behind its name. Temporary allocations are counted only, so they are set against all.
std::string figures(const report::GroupRow& row, report::Metric metric) {
  const report::Measure& measure = row.measure;
  const std::string count = "count=" + std::to_string(measure.count);
  if (metric == report::Metric::kTemporary) {
    return count + ", allocations=" + std::to_string(row.sums.allocations) + " (" +
           percent(measure.count, row.sums.allocations) + ")";
  }
  const std::string size = "size=" + format_size(measure.bytes) + ", " + count;
  return measure.count == 0 ? size : size + ", average=" + format_average(measure.bytes, measure.count);
}

std::string total_text(const report::Measure& measure, report::Metric metric) {
  const std::string blocks = format_count(measure.count) + (measure.count == 1 ? " block" : " blocks");
  return metric == report::Metric::kTemporary ? blocks : format_size(measure.bytes) + " in " + blocks;
}

std::string heading(const Profile& profile, const report::Grouping& grouping, const report::GroupOptions& options) {
  const std::string what = grouping_heading(options, profile.process.end_kind);
  return what + ": " + total_text(grouping.total, options.metric) + "  [" + printable(profile.process.program) + "]\n";
}

void print_text(const Profile& profile, const report::Grouping& grouping, const report::GroupOptions& options,
                const TopOptions& top, Console& console) {
  const unsigned width = top.report.width(console);
  StackText stacks(profile, {}, console.out_terminal, width);
  const std::size_t shown = rows_to_show(grouping.rows.size(), top.shown);
  std::ostream& out = console.out;
  out << capture_note(profile) << heading(profile, grouping, options);
  report::Measure rest;
  for (std::size_t i = 0; i < grouping.rows.size(); ++i) {
    const report::GroupRow& row = grouping.rows[i];
    if (i >= shown) {
      rest.bytes += row.measure.bytes;
      rest.count += row.measure.count;
      continue;
    }
    out << row_line(row.name, figures(row, options.metric), width) << '\n';
    if (options.by == report::GroupBy::kStack) out << stacks.of(row.stack);
    if (top.wide) out << type_details(profile, row, options.metric, width);
  }
  const std::size_t others = grouping.rows.size() - shown;
  if (others == 0) return;
  // Cumulative rows overlap, so their sum would mean nothing.
  out << others << (others == 1 ? " other" : " others");
  if (!options.cumulative) out << ": " << total_text(rest, options.metric);
  out << '\n';
}

void print_json(const Profile& profile, const report::Grouping& grouping, const TopOptions& top, Console& console) {
  const report::GroupOptions& options = top.grouping.options;
  Json json = json_head(profile, "top");
  json.update(json_grouping(options));
  json["total"] = {{"bytes", grouping.total.bytes}, {"count", grouping.total.count}};
  Json rows = Json::array();
  for (const report::GroupRow& row : grouping.rows) {
    Json entry = {{"name", row.name}, {"bytes", row.measure.bytes}, {"count", row.measure.count}};
    if (row.frame != kNoIndex) entry["frame"] = json_frame(profile, row.frame);
    if (row.stack != kNoIndex) entry["stack"] = json_stack(profile, row.stack);
    if (options.by == report::GroupBy::kType) entry["types"] = json_types(profile, row, options.metric);
    entry["sums"] = json_sums(row.sums);
    rows.push_back(std::move(entry));
  }
  json["rows"] = std::move(rows);
  console.out << json_text(json);
}

Result<int> run(TopOptions& top, Console& console) {
  const Result<report::GroupOptions> options = top.grouping.complete();
  if (!options) return tl::unexpected<Error>(options.error());
  if (top.wide && options->by != report::GroupBy::kType) {
    return failure("option --wide shows the evidence of types", "add --group-by type");
  }
  const Result<Profile> profile = read_report_input(top.report, console);
  if (!profile) return tl::unexpected<Error>(profile.error());
  const Result<report::Grouping> grouping = report::group_sites(*profile, *options);
  if (!grouping) return tl::unexpected<Error>(grouping.error());
  if (top.report.json) {
    print_json(*profile, *grouping, top, console);
  } else {
    print_text(*profile, *grouping, *options, top, console);
  }
  return 0;
}

}  // namespace

Command top_command() {
  return {.name = "top",
          .summary = "where memory was allocated: the largest lines, functions or stacks",
          .description =
              "Adds up allocations by place and prints the largest: bytes, blocks and average block size, sorted by "
              "bytes, then count, then name.\n\n"
              "Each allocation counts for the innermost place on its call stack that is neither allocator nor standard "
              "library; --innermost takes the innermost frame as it is. With --cumulative it counts for every place on "
              "the stack, once each.\n\n"
              "By type (--group-by type) the rows are sorted by count, as objgraph's show_most_common_types() does. "
              "The type is found by evidence that --wide shows; where there is none, the line that allocates is the "
              "name. Parts of containers count for the container.\n\n"
              "A filter is GLOB or GLOB:LINE. GLOB is matched with the whole path of the source file, where '*' also "
              "matches '/', or with the base name if GLOB has no '/'. A site is kept if any --include matches (or none "
              "is given) and no --exclude matches; filters look at the place the site counts for, with --all-frames "
              "at the whole stack.",
          .examples = {{"The ten lines that hold most memory at exit", "memprof top app.json"},
                       {"Functions by their share of the peak, with all they call",
                        "memprof top app.json --metric peak --group-by function --cumulative"},
                       {"Which types there are most of, and how that is known",
                        "memprof top app.json --group-by type --wide"},
                       {"Only what the parser allocated", "memprof top app.json --include '*/parser/*' --all-frames"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto top = std::make_shared<TopOptions>();
            add_report_options(parser, top->report);
            add_grouping_options(parser, top->grouping);
            add_limit(parser, top->shown, "rows");
            add_flag(parser, "--wide", top->wide, "by type: also print the evidence, and how sizes agree with it");
            return [top](const Invocation& invocation) { return run(*top, invocation.console); };
          }};
}

}  // namespace memprof::cli
