// The tree of processes in the summary of `memprof run`.

#include "cli/run_command_tree.hpp"
#include "cli/printable.hpp"
#include "tests/catch.hpp"

namespace memprof::cli {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

TreeProcess process(std::int32_t pid, const std::string& program, std::uint32_t parent, std::uint64_t peak_bytes) {
  TreeProcess entry;
  entry.process.pid = pid;
  entry.process.program = program;
  entry.process.end_kind = EndKind::kExited;
  entry.parent = parent;
  entry.peak_bytes = peak_bytes;
  entry.tree_peak_bytes = peak_bytes / 2;
  entry.allocations = 1234;
  entry.profile = program + ".json";
  return entry;
}

ProcessTree small_tree() {
  ProcessTree tree;
  tree.peak_bytes = tree.least_peak_bytes = 3'000'000;
  tree.peak_time_s = 1.5;
  tree.processes = {process(10, "make", kNoIndex, 2'000'000), process(11, "sh", 0, 4000),
                    process(12, "cc1", 1, 900'000), process(13, "as", 1, 800'000)};
  return tree;
}

TEST_CASE("each process stands below the one that started it") {
  const Lines lines = list_tree(small_tree(), {});
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "4 processes, peak of all together 2930 KiB after 1.5 s");
  CHECK(lines[1] == "  process              pid   own peak   its part allocations");
  CHECK(lines[2] == "  make                  10   1953 KiB    977 KiB       1,234");
  CHECK_THAT(lines[3], Catch::StartsWith("    sh                  11"));
  CHECK_THAT(lines[4], Catch::StartsWith("      cc1               12"));
  CHECK_THAT(lines[5], Catch::StartsWith("      as                13"));
}

TEST_CASE("processes without a profile are counted, and those below them move up") {
  ProcessTree tree = small_tree();
  tree.processes[1].profile.clear();
  const Lines lines = list_tree(tree, {});
  REQUIRE(lines.size() == 6);
  CHECK_THAT(lines[3], Catch::StartsWith("    cc1 "));
  CHECK(lines[5] == "  and 1 process that allocated next to nothing (sh)");
}

TEST_CASE("what a process was before its exec hands its children on") {
  ProcessTree tree = small_tree();
  // sh, which started cc1, became as.
  tree.processes[1].process.end_kind = EndKind::kReplaced;
  tree.processes[1].profile.clear();
  tree.processes[3].replaced = 1;
  tree.processes[3].parent = 0;
  tree.processes[3].process.pid = 11;
  const Lines lines = list_tree(tree, {});
  CHECK(lines[0] == "3 processes, peak of all together 2930 KiB after 1.5 s");
  CHECK_THAT(lines[3], Catch::StartsWith("    cc1 "));
  CHECK_THAT(lines[4], Catch::StartsWith("    as "));
  CHECK(lines.size() == 5);  // it is no process of its own that allocated nothing
}

TEST_CASE("of many processes the largest are shown, within 80 columns") {
  ProcessTree tree = small_tree();
  for (std::int32_t i = 0; i < 1000; ++i) {
    tree.processes.push_back(
        process(100 + i, "compiler-with-a-rather-long-name-of-its-own", 0, static_cast<std::uint64_t>(10'000 + i)));
    tree.processes.push_back(process(2000 + i, "trifle" + std::to_string(i), 0, 0));
    tree.processes.back().profile.clear();
  }
  const Lines lines = list_tree(tree, {71, false});
  REQUIRE(lines.size() == 2 + 20 + 3);
  CHECK_THAT(lines[2], Catch::StartsWith("  make"));
  CHECK(lines[22] == "  and 984 smaller ones, each with its profile");
  CHECK_THAT(lines[23], Contains("1,000 processes that allocated next to nothing (trifle0, trifle1,"));
  for (const std::string& line : lines) CHECK(display_width(line) <= 80);
}

TEST_CASE("what was not recorded is said once for each reason") {
  ProcessTree tree = small_tree();
  for (std::size_t row : {1u, 2u}) {
    tree.processes[row].recorded = false;
    tree.processes[row].unrecorded_reason = "is a static program";
    tree.processes[row].profile.clear();
  }
  tree.processes[3].recorded = false;
  tree.processes[3].unrecorded_reason = "has a name that --only does not match";
  tree.processes[3].profile.clear();
  const Lines lines = list_tree(tree, {});
  REQUIRE(lines.size() == 4);
  CHECK(lines[3] == "  not recorded: sh, cc1 (2 times), each is a static program");
}

TEST_CASE("a peak that is not certain is not passed off as one") {
  ProcessTree tree = small_tree();
  tree.least_peak_bytes = 2'000'000;
  CHECK_THAT(list_tree(tree, {})[1], Contains("at least 1953 KiB"));
  tree.peak_exact = false;
  CHECK_THAT(list_tree(tree, {})[0], Contains("(not exact)"));
}

TEST_CASE("one process alone is no tree; names cannot control the terminal") {
  ProcessTree tree = small_tree();
  tree.processes[1].process.program = "evil\033[2J\n";
  for (const std::string& line : list_tree(tree, {})) CHECK(line.find_first_of("\033\n") == std::string::npos);
  tree.processes.resize(1);
  CHECK(list_tree(tree, {}).empty());
}

}  // namespace
}  // namespace memprof::cli
