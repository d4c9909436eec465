// `memprof growth`: objgraph's show_growth() over several profiles, or over a running program.

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/growth_live.hpp"
#include "cli/growth_text.hpp"
#include "cli/json_report.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/profile_input.hpp"
#include "cli/report_options.hpp"

namespace memprof::cli {
namespace {

using report::GroupBy;

const Choices<GroupBy> kGroups = {
    {"type", GroupBy::kType}, {"line", GroupBy::kLine}, {"function", GroupBy::kFunction}, {"stack", GroupBy::kStack}};

struct GrowthOptions {
  std::vector<std::string> files;
  LiveGrowth live;
  report::GroupOptions grouping{.by = GroupBy::kType};
  std::uint64_t shown = 10;
  bool json = false, full_names = false;
};

Result<void> check(const GrowthOptions& options) {
  if (options.live.process.empty() && options.files.empty()) {
    return failure("no profile is named", "memprof growth FILE FILE..., or memprof growth --pid PID --every 5s");
  }
  if (!options.live.process.empty() && !options.files.empty()) {
    return failure("--pid watches a running program, files are of the past: choose one of the two", "");
  }
  if (!options.live.process.empty() && options.json) {
    return failure("--json is for files", "take snapshots with 'memprof snapshot', then memprof growth --json FILE...");
  }
  if (options.live.process.empty() && (options.live.follow || options.live.times > 0)) {
    return failure("--follow and --times need a running program", "name it with --pid");
  }
  return {};
}

/// What a reader of two blocks should know about them.
std::string note(const Profile& before, const Profile& profile, const std::string& file) {
  if (before == profile) return printable(file) + ": the same profile as the one before; nothing grew.\n";
  if (before.process.program != profile.process.program) {
    return "Note: " + printable(file) + " is of another program, " + printable(profile.process.program) + "\n";
  }
  return {};
}

Json json_rows(const Profile& profile, const std::vector<report::GrowthRow>& rows) {
  Json list = Json::array();
  for (const report::GrowthRow& row : rows) {
    Json entry = {{"name", row.name}, {"count", row.count}, {"growth", row.growth}, {"bytes", row.bytes}};
    if (row.stack != kNoIndex) entry["stack"] = json_stack(profile, row.stack);
    list.push_back(std::move(entry));
  }
  return list;
}

Result<int> compare_files(const GrowthOptions& options, const GrowthView& view, Console& console) {
  report::Growth growth(options.grouping);
  Json snapshots = Json::array();
  std::optional<Profile> before;
  for (const std::string& file : options.files) {
    auto input = read_profile_input(file, std::nullopt);
    if (!input) return tl::unexpected<Error>(std::move(input.error()));
    const Profile* profile = &input->profile;
    const auto rows = growth.next(*profile);
    if (!rows) return tl::unexpected<Error>(rows.error());
    if (options.json) {
      Json entry = json_head(*profile, "growth");
      entry.erase("report");
      snapshots.push_back({{"file", file}, {"profile", std::move(entry)}, {"rows", json_rows(*profile, *rows)}});
    } else {
      if (before) console.out << '\n' << note(*before, *profile, file);
      if (!before || *before != *profile) {
        console.out << input->note << capture_note(*profile)
                    << growth_heading(display_path(file), *rows, view, console.out_terminal)
                    << growth_text(*profile, *rows, view, console.out_terminal);
      }
    }
    before = std::move(input->profile);
  }
  if (options.json) console.out << json_text({{"report", "growth"}, {"snapshots", std::move(snapshots)}});
  return 0;
}

Result<int> run(const GrowthOptions& options, Console& console) {
  if (auto checked = check(options); !checked) return tl::unexpected<Error>(std::move(checked.error()));
  const auto word = std::find_if(kGroups.begin(), kGroups.end(), [&](const auto& choice) {
                      return choice.second == options.grouping.by;
                    })->first;
  const GrowthView view{word, options.shown, options.full_names ? 0 : console.out_terminal.width};
  if (options.live.process.empty()) return compare_files(options, view, console);
  return watch_growth(options.live, options.grouping, view, console);
}

}  // namespace

Command growth_command() {
  return {.name = "growth",
          .summary = "which types have more objects than ever before",
          .description =
              "Counts live blocks by type in one profile after the other, and prints the types of which there are more "
              "than the highest number so far, by how many more: objgraph's show_growth(). Comparing with the highest "
              "number rather than with the last one keeps out what goes up and down. The first profile lists "
              "everything.\n\n"
              "FILE... are snapshots of one program in the order of time, or indices of several processes, which are "
              "summed. With --pid a running program is watched that "
              "'memprof run' started: a block is printed every interval, until the program ends or Ctrl-C.",
          .examples = {{"What grew between three snapshots", "memprof growth a.json b.json c.json"},
                       {"A running server, every ten seconds", "memprof growth --pid server --every 10s"},
                       {"The same by source line, as a table that stays in its place",
                        "memprof growth --pid 4711 --group-by line --follow"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto options = std::make_shared<GrowthOptions>();
            add_words(parser, "FILE", options->files, "profiles of one program, in the order of time");
            add_text(parser, "--pid", options->live.process, "PID|NAME",
                     "watch this process, which 'memprof run' started; 'memprof ps' lists them");
            add_seconds(parser, "--every", options->live.every_s, "how often to look with --pid (default 5s)");
            add_number(parser, "--times", options->live.times, 1, "look this many times and stop");
            add_flag(parser, "--follow", options->live.follow, "draw over the last table instead of below it");
            add_choice(parser, "-g,--group-by", options->grouping.by, kGroups, "what is counted (default type)");
            add_flag(parser, "--raw-types", options->grouping.raw_types,
                     "nodes and buffers under their own names, not those of their containers");
            add_limit(parser, options->shown, "rows");
            add_flag(parser, "--json", options->json, "print JSON with all rows instead of text");
            add_flag(parser, "--full-names", options->full_names, "do not shorten names to fit the terminal");
            return [options](const Invocation& invocation) { return run(*options, invocation.console); };
          }};
}

}  // namespace memprof::cli
