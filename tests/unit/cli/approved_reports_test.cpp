// Every report on hand-made profiles against the outputs in tests/approved.

#include <regex>

#include "cli/commands.hpp"
#include "tests/approved/approval.hpp"
#include "tests/unit/cli/cli_runner.hpp"
#include "tests/unit/cli/sample_programs.hpp"

using namespace memprof::tests;

namespace {

constexpr memprof::cli::Terminal kTerminal80{.interactive = true, .colour = false, .width = 80};

/// Runs in the folder of the sources; what differs between machines is replaced.
std::string report_on(const std::vector<std::string>& arguments, const std::string& file,
                      memprof::cli::Terminal terminal) {
  const WorkingDirectory there(MEMPROF_APPROVED_DIR);
  Output output = run_memprof(arguments, terminal);
  CHECK(output.err == "");
  CHECK(output.status == 0);
  for (const auto& [text, name] :
       {std::pair<std::string, std::string>{file, "sample.json"}, {MEMPROF_APPROVED_DIR "/", "/project/"}}) {
    for (std::size_t at = 0; (at = output.out.find(text, at)) != std::string::npos; at += name.size()) {
      output.out.replace(at, text.size(), name);
    }
  }
  return output.out;
}

std::string report(const memprof::Profile& profile, std::vector<std::string> arguments,
                   memprof::cli::Terminal terminal = {}) {
  const ProfileFile file(profile);
  arguments.insert(arguments.begin() + 1, file.path());
  return report_on(arguments, file.path(), terminal);
}

/// From the tree's profile to one of a later version of it.
std::string diff_report(std::vector<std::string> arguments, memprof::cli::Terminal terminal = {}) {
  const ProfileFile before(tree_profile(), "before.json"), after(later_tree_profile(), "after.json");
  arguments.insert(arguments.begin(), {"diff", before.path(), after.path()});
  return report_on(arguments, before.path(), terminal);
}

}  // namespace

TEST_CASE("lines prints the proof case as memory_profiler would") {
  check_approved("lines_memory_heavy.txt", report(heavy_profile(), {"lines"}));
}

TEST_CASE("lines --wide adds columns") {
  check_approved("lines_wide.txt", report(heavy_profile(), {"lines", "--wide", "--function", "^memory_heavy"}));
}

TEST_CASE("lines fits a terminal and copes with recursion, templates and missing sources") {
  check_approved("lines_tree_80.txt", report(tree_profile(), {"lines"}, kTerminal80));
}

TEST_CASE("scopes prints a tree for each thread, or one of all") {
  check_approved("scopes.txt", report(scoped_profile(), {"scopes"}));
  check_approved("scopes_80.txt", report(scoped_profile(), {"scopes", "--together"}, kTerminal80));
  check_approved("scopes_none.txt", report(tree_profile(), {"scopes"}));
}

TEST_CASE("scopes --json has stable keys") {
  check_approved("scopes_json.txt", report(scoped_profile(), {"scopes", "--json"}));
}

TEST_CASE("info says of a snapshot when and by what it was taken") {
  check_approved("info_snapshot_json.txt", report(scoped_profile(), {"info", "--json"}));
}

TEST_CASE("lines --json has stable keys") {
  check_approved("lines_json.txt", report(heavy_profile(), {"lines", "--json", "--function", "main|cubes"}));
}

TEST_CASE("top groups by line") { check_approved("top_line.txt", report(tree_profile(), {"top"})); }

TEST_CASE("top fits a terminal") { check_approved("top_line_80.txt", report(tree_profile(), {"top"}, kTerminal80)); }

TEST_CASE("top groups by function, cumulative") {
  check_approved("top_function_cumulative.txt",
                 report(tree_profile(), {"top", "--group-by", "function", "--cumulative", "--metric", "allocated"}));
}

TEST_CASE("top sums up what it does not show") {
  check_approved("top_limit.txt", report(tree_profile(), {"top", "-n", "2", "--group-by=module"}));
}

TEST_CASE("top groups by stack") {
  check_approved("top_stack_80.txt", report(tree_profile(), {"top", "-g", "stack", "-n3"}, kTerminal80));
}

TEST_CASE("top counts temporary allocations") {
  check_approved("top_temporary.txt", report(tree_profile(), {"top", "-m", "temporary"}));
}

TEST_CASE("top groups by thread") {
  check_approved("top_thread.txt", report(tree_profile(), {"top", "--group-by", "thread"}));
}

TEST_CASE("top --json has stable keys") {
  check_approved("top_json.txt", report(heavy_profile(), {"top", "--json", "--metric", "peak", "--group-by", "stack"}));
}

TEST_CASE("leaks lists what was not freed, by stack") {
  check_approved("leaks_tree_80.txt", report(tree_profile(), {"leaks"}, kTerminal80));
}

TEST_CASE("Emphasis is for terminals that show it") {
  constexpr memprof::cli::Terminal kColourful{.interactive = true, .colour = true, .width = 80};
  check_approved("leaks_colour.txt", report(tree_profile(), {"leaks", "-n", "2"}, kColourful));
}

TEST_CASE("leaks says when nothing is left") { check_approved("leaks_none.txt", report(heavy_profile(), {"leaks"})); }

TEST_CASE("leaks --json has stable keys") {
  check_approved("leaks_json.txt", report(tree_profile(), {"leaks", "--json", "--min-size", "1KiB"}));
}

TEST_CASE("info shows process, totals, quality and timeline") {
  setenv("TZ", "UTC", 1);
  check_approved("info_memory_heavy_80.txt", report(heavy_profile(), {"info"}, kTerminal80));
  check_approved("info_tree.txt", report(tree_profile(), {"info"}));
}

TEST_CASE("info --json has stable keys") {
  check_approved("info_json.txt", report(heavy_profile(), {"info", "--json"}));
}

TEST_CASE("diff shows totals, then the rows that changed") {
  check_approved("diff_line.txt", diff_report({}));
  check_approved("diff_line_80.txt", diff_report({"-n", "2"}, kTerminal80));
  check_approved("diff_function.txt", diff_report({"-g", "function", "--metric", "allocated", "--min-size", "1KiB"}));
  check_approved("diff_temporary.txt", diff_report({"-m", "temporary"}));
}

TEST_CASE("diff shows both stacks at once") {
  check_approved("diff_stack_80.txt", diff_report({"-g", "stack", "-n", "4"}, kTerminal80));
}

TEST_CASE("diff --lines shows both increments") { check_approved("diff_lines.txt", diff_report({"--lines"})); }

TEST_CASE("diff --json has stable keys") {
  check_approved("diff_json.txt", diff_report({"--json", "--min-size", "100KiB"}));
  check_approved("diff_lines_json.txt", diff_report({"--json", "--lines"}));
}

TEST_CASE("Reports on a profile without any event say so") {
  const memprof::Profile empty = ProfileBuilder{}.finished();
  for (const char* command : {"lines", "top", "leaks", "info"}) {
    check_approved(std::string("empty_") + command + ".txt", report(empty, {command}));
  }
}

TEST_CASE("The help of every command") {
  for (const memprof::cli::Command& command : memprof::cli::all_commands()) {
    const Output output = run_memprof({command.name, "--help"}, kTerminal80);
    CHECK(output.status == 0);
    check_approved("help_" + command.name + ".txt", output.out);
  }
}
