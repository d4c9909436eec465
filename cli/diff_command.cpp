// `memprof diff`: tracemalloc's comparison of two profiles.

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/diff_text.hpp"
#include "cli/grouping_options.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/profile_input.hpp"
#include "cli/report_options.hpp"
#include "cli/units.hpp"
#include "report/diff.hpp"
#include "report/line_diff.hpp"

namespace memprof::cli {
namespace {

struct DiffOptions {
  std::string old_file, new_file;
  std::optional<std::uint64_t> old_pid, new_pid;  ///< of indices: only these processes
  bool json = false, full_names = false, lines = false;
  GroupingWords grouping;
  std::uint64_t shown = 10, least_change = 0;
  std::string growth_limit;
  std::vector<std::string> old_sources, new_sources;
};

/// How much more than before is allowed: bytes, or percent of what was before.
struct GrowthLimit {
  std::uint64_t bytes = 0;
  std::optional<double> percent;

  bool exceeded(std::uint64_t before, std::uint64_t after) const {
    if (after <= before) return false;
    const std::uint64_t growth = after - before;
    return percent ? static_cast<double>(growth) > static_cast<double>(before) * *percent / 100 : growth > bytes;
  }
};

Result<GrowthLimit> parse_growth_limit(const std::string& text) {
  GrowthLimit limit;
  if (text.ends_with('%')) {
    double percent = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [after, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
    if (error == std::errc{} && after == end && percent >= 0 && std::isfinite(percent)) {
      limit.percent = percent;
      return limit;
    }
  } else if (const auto bytes = parse_size(text)) {
    limit.bytes = *bytes;
    return limit;
  }
  return failure("option --fail-on-growth: '" + text + "' is neither a size nor a percentage",
                 "for example 64KiB, 0 or 2.5%");
}

Json json_measures(const report::Measure& before, const report::Measure& after) {
  return {{"old_bytes", before.bytes},
          {"new_bytes", after.bytes},
          {"size_change", static_cast<std::int64_t>(after.bytes - before.bytes)},
          {"old_count", before.count},
          {"new_count", after.count},
          {"count_change", static_cast<std::int64_t>(after.count - before.count)}};
}

Json json_diff_head(const Profile& old_profile, const Profile& new_profile) {
  Json old_head = json_head(old_profile, "diff"), new_head = json_head(new_profile, "diff");
  old_head.erase("report");
  new_head.erase("report");
  old_head["totals"] = json_totals(old_profile.totals);
  new_head["totals"] = json_totals(new_profile.totals);
  old_head["mapped_totals"] = json_totals(old_profile.mapped_totals);
  new_head["mapped_totals"] = json_totals(new_profile.mapped_totals);
  return {{"report", "diff"}, {"old", std::move(old_head)}, {"new", std::move(new_head)}};
}

void add_rows(Json& json, const report::Diff& diff, const Profile& old_profile, const Profile& new_profile) {
  json["total"] = json_measures(diff.before, diff.after);
  json["unchanged_rows"] = diff.unchanged;
  Json rows = Json::array();
  for (const report::DiffRow& row : diff.rows) {
    Json entry = {{"name", row.name}};
    entry.update(json_measures(row.before, row.after));
    if (row.moved_from != 0) entry["old_line"] = row.moved_from;
    if (row.old_frame != kNoIndex) entry["old_frame"] = json_frame(old_profile, row.old_frame);
    if (row.new_frame != kNoIndex) entry["new_frame"] = json_frame(new_profile, row.new_frame);
    if (row.old_stack != kNoIndex) entry["old_stack"] = json_stack(old_profile, row.old_stack);
    if (row.new_stack != kNoIndex) entry["new_stack"] = json_stack(new_profile, row.new_stack);
    rows.push_back(std::move(entry));
  }
  json["rows"] = std::move(rows);
}

void add_functions(Json& json, const std::vector<report::FunctionDiff>& functions) {
  Json list = Json::array();
  for (const report::FunctionDiff& diff : functions) {
    Json rows = Json::array();
    for (const report::LineDiffRow& row : diff.rows) {
      Json entry = {{"line", row.line}, {"text", row.text}};
      if (row.moved_from != 0) entry["old_line"] = row.moved_from;
      if (row.old_increment) entry["old_increment_bytes"] = *row.old_increment;
      if (row.new_increment) entry["new_increment_bytes"] = *row.new_increment;
      rows.push_back(std::move(entry));
    }
    list.push_back({{"function", diff.function.function},
                    {"file", diff.function.file},
                    {"vanished", diff.vanished},
                    {"largest_change_bytes", diff.largest_change},
                    {"lines", std::move(rows)}});
  }
  json["functions"] = std::move(list);
}

/// The verdict of --fail-on-growth, as the exit status; the reason goes to standard error.
int judge(const GrowthLimit& limit, const report::Diff& diff, const report::GroupOptions& options, const DiffView& view,
          Console& console) {
  if (!view.old_profile.capture.complete || !view.new_profile.capture.complete) {
    console.err << "memprof: cannot tell whether it grew: "
                << capture_note(view.new_profile.capture.complete ? view.old_profile : view.new_profile);
    return static_cast<int>(ExitCode::kFailed);
  }
  const bool counted = options.metric == report::Metric::kTemporary;
  const std::uint64_t before = counted ? diff.before.count : diff.before.bytes;
  const std::uint64_t after = counted ? diff.after.count : diff.after.bytes;
  if (!limit.exceeded(before, after)) return 0;
  console.err << "memprof: grew by "
              << (counted ? format_count(after - before) + " allocations" : format_size(after - before)) << ", from "
              << (counted ? format_count(before) : format_size(before)) << ": more than --fail-on-growth allows\n";
  return static_cast<int>(ExitCode::kFailed);
}

class Comparison {
 public:
  Comparison(const DiffOptions& options, const report::GroupOptions& grouping, Profile old_profile, Profile new_profile)
      : options_(options),
        grouping_(grouping),
        old_(std::move(old_profile)),
        new_(std::move(new_profile)),
        old_sources_(options.old_sources),
        new_sources_(options.new_sources) {}

  Result<int> run(const std::optional<GrowthLimit>& limit, Console& console) {
    const report::DiffSide old_side{old_, old_sources_}, new_side{new_, new_sources_};
    auto diff = report::diff_profiles(old_side, new_side, grouping_);
    if (!diff) return tl::unexpected<Error>(std::move(diff.error()));
    std::erase_if(diff->rows, [&](const report::DiffRow& row) {
      return static_cast<std::uint64_t>(std::abs(row.size_change())) < options_.least_change;
    });
    std::vector<report::FunctionDiff> functions;
    if (options_.lines) {
      auto compared = report::diff_lines(old_side, new_side, line_options(options_.old_sources),
                                         line_options(options_.new_sources));
      if (!compared) return tl::unexpected<Error>(std::move(compared.error()));
      functions = std::move(*compared);
    }
    const DiffView view{old_, new_, options_.new_sources, options_.full_names ? 0 : console.out_terminal.width,
                        options_.shown};
    if (options_.json) {
      print_json(*diff, functions, console);
    } else {
      print_text(view, *diff, functions, console);
    }
    return limit ? judge(*limit, *diff, grouping_, view, console) : 0;
  }

 private:
  report::LineTableOptions line_options(const std::vector<std::string>& sources) const {
    return {.directories = sources, .domain = report::domain_of(grouping_.metric)};
  }

  void print_text(const DiffView& view, const report::Diff& diff, const std::vector<report::FunctionDiff>& functions,
                  Console& console) const {
    console.out << diff_notes(view);
    print_totals(view, report::domain_of(grouping_.metric), console);
    console.out << '\n';
    if (options_.lines) {
      print_line_diff(view, functions, console);
    } else {
      print_diff(view, diff, grouping_, console);
    }
  }

  void print_json(const report::Diff& diff, const std::vector<report::FunctionDiff>& functions,
                  Console& console) const {
    Json json = json_diff_head(old_, new_);
    if (options_.lines) {
      add_functions(json, functions);
    } else {
      json.update(json_grouping(grouping_));
      add_rows(json, diff, old_, new_);
    }
    console.out << json_text(json);
  }

  const DiffOptions& options_;
  const report::GroupOptions& grouping_;
  Profile old_, new_;
  report::SourceFiles old_sources_, new_sources_;
};

Result<int> run(const DiffOptions& options, Console& console) {
  const Result<report::GroupOptions> grouping = options.grouping.complete();
  if (!grouping) return tl::unexpected<Error>(grouping.error());
  std::optional<GrowthLimit> limit;
  if (!options.growth_limit.empty()) {
    auto parsed = parse_growth_limit(options.growth_limit);
    if (!parsed) return tl::unexpected<Error>(std::move(parsed.error()));
    limit = *parsed;
    if (grouping->metric == report::Metric::kTemporary && !limit->percent) {
      return failure("temporary allocations are counted, not measured in bytes", "give --fail-on-growth a percentage");
    }
  }
  auto old_profile = read_profile_input(options.old_file, options.old_pid);
  if (!old_profile) return tl::unexpected<Error>(std::move(old_profile.error()));
  auto new_profile = read_profile_input(options.new_file, options.new_pid);
  if (!new_profile) return tl::unexpected<Error>(std::move(new_profile.error()));
  if (!options.json && old_profile->profile == new_profile->profile) {
    console.out << "Both are the same profile: there is nothing to compare.\n";
    return 0;
  }
  if (!options.json && !old_profile->note.empty()) console.out << "OLD: " << old_profile->note;
  if (!options.json && !new_profile->note.empty()) console.out << "NEW: " << new_profile->note;
  return Comparison(options, *grouping, std::move(old_profile->profile), std::move(new_profile->profile))
      .run(limit, console);
}

}  // namespace

Command diff_command() {
  return {.name = "diff",
          .summary = "what changed between two profiles",
          .description =
              "Compares two profiles group by group and prints those that changed, the largest change first. Groups, "
              "metrics and filters are those of 'memprof top'; a group that vanished stays as size 0.\n\n"
              "Groups are matched by name, never by address, so different builds compare: file names by the end of "
              "their paths, functions without what the compiler adds to them. A source line is the same one if it "
              "has the same text, or where the text is not known the same distance from the beginning of its function; "
              "'was line N' marks one that moved.",
          .examples = {{"What holds more memory at exit than before", "memprof diff before.json after.json"},
                       {"The source with both increments", "memprof diff --lines before.json after.json"},
                       {"In CI: fail when the peak grows by more than 5 percent",
                        "memprof diff -m peak --fail-on-growth 5% main.json branch.json"}},
          .exit_status =
              "0; 1 when --fail-on-growth was exceeded or cannot be told because a capture is incomplete; 2 "
              "for wrong arguments and for input that cannot be read.",
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<DiffOptions>();
            add_required(parser, "OLD", options->old_file, "the profile from before, or its index of several");
            add_required(parser, "NEW", options->new_file, "the profile from after, or its index of several");
            add_pid(parser, "--old-pid", options->old_pid, "of the index OLD, only this process instead of the sum");
            add_pid(parser, "--pid", options->new_pid, "of the index NEW, only this process instead of the sum");
            add_flag(parser, "--json", options->json, "print JSON with all rows instead of text");
            add_flag(parser, "--full-names", options->full_names, "do not shorten names to fit the terminal");
            add_grouping_options(parser, options->grouping);
            add_limit(parser, options->shown, "rows (with --lines functions)");
            add_size(parser, "--min-size", options->least_change,
                     "leave out rows whose size changed by less than this");
            add_flag(parser, "--lines", options->lines, "the per-line table with both increments instead of rows");
            add_text(parser, "--fail-on-growth", options->growth_limit, "SIZE|N%",
                     "exit with 1 when the total of the metric grew by more than this");
            add_list(parser, "--source", options->new_sources, "DIR",
                     "where to look for source files of NEW; may be repeated");
            add_list(parser, "--old-source", options->old_sources, "DIR",
                     "where to look for source files of OLD; may be repeated");
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
