// `memprof run` at a terminal: the status line comes, goes, and leaves the program's output as it was.

#include <signal.h>
#include <algorithm>

#include <chrono>
#include <filesystem>
#include <thread>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"
#include "tests/integration/terminal.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

constexpr char kStatus[] = " events/s";

Arguments memprof_run(const Arguments& options, const std::string& script) {
  Arguments all{memprof_program(), "run", "-o", "profile.json"};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), {"--", "sh", "-c", script});
  return all;
}

TerminalOptions in(const TemporaryDirectory& directory) {
  TerminalOptions options;
  options.directory = directory.path();
  return options;
}

bool is_from_memprof(const std::string& line) { return line.rfind("memprof: ", 0) == 0; }

/// The lines of the screen up to memprof's summary.
Lines output_of_program(const Lines& lines) {
  return {lines.begin(), std::find_if(lines.begin(), lines.end(), is_from_memprof)};
}

TEST_CASE("the status line is shown while the program runs and then vanishes") {
  TemporaryDirectory directory;
  const auto run = run_on_terminal(memprof_run({}, "sleep 0.8"), in(directory));
  CHECK(run.status == 0);
  CHECK_THAT(run.bytes, Contains("  live ") && Contains("  peak ") && Contains(kStatus));
  for (const std::string& line : run.lines) {
    INFO(line);
    CHECK(is_from_memprof(line));
    CHECK(line.find(kStatus) == std::string::npos);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("what the program writes to the terminal stays as it was, beside the status line") {
  TemporaryDirectory directory;
  const std::string script =
      "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; sleep 0.6; printf 'half a line, '; sleep 0.3; echo the rest; "
      "sleep 0.2; for i in 1 2 3 4 5 6 7 8 9; do echo more $i; sleep 0.05; done; printf 'no end'; sleep 0.2";
  Lines expected;
  for (int i = 1; i <= 9; ++i) expected.push_back("line " + std::to_string(i));
  expected.push_back("half a line, the rest");
  for (int i = 1; i <= 9; ++i) expected.push_back("more " + std::to_string(i));
  expected.push_back("no end");
  for (unsigned short rows :
       std::initializer_list<unsigned short>{5, 12, 60}) {  // it scrolls all the time, once, never
    INFO(rows << " rows");
    TerminalOptions options = in(directory);
    options.rows = rows;
    const auto run = run_on_terminal(memprof_run({}, script), options);
    CHECK_THAT(run.bytes, Contains(kStatus));
    CHECK(output_of_program(run.lines) == expected);
  }
}

TEST_CASE("a terminal that does not know its size gets a plain status line") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  // The test's own screen has a size, but the terminal is told none.
  const auto run = run_on_terminal({"sh", "-c", "stty rows 0 cols 0; exec \"$@\"", "sh", memprof_program(), "run", "-o",
                                    "profile.json", "sleep", "0.8"},
                                   options);
  CHECK_THAT(run.bytes, Contains(kStatus));
  CHECK_THAT(run.bytes, !Contains("\033[24;1H"));
}

TEST_CASE("no status line where it would be in the way") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  Arguments extra;
  std::string script = "sleep 0.8";
  SECTION("--quiet") { extra = {"--quiet"}; }
  SECTION("TERM=dumb") { options.environment = {{"TERM", "dumb"}}; }
  SECTION("the program reads single keys") { script = "stty -icanon; sleep 0.8; stty icanon"; }
  const auto run = run_on_terminal(memprof_run(extra, script), options);
  CHECK(run.status == 0);
  CHECK_THAT(run.bytes, !Contains(kStatus));
  CHECK_THAT(run.bytes, !Contains("\033["
                                  "1;23r"));
  if (!extra.empty()) CHECK(run.bytes.empty());
}

TEST_CASE("no status line and no colour where stderr is no terminal") {
  TemporaryDirectory directory;
  const auto run = run_on_terminal({"sh", "-c", "\"$@\" 2>" + directory.file("err"), "sh", memprof_program(), "run",
                                    "-o", directory.file("profile.json"), "sleep", "0.8"});
  CHECK(run.status == 0);
  CHECK(run.bytes.empty());
  CHECK_THAT(read_file(directory.file("err")), !Contains("\033") && !Contains(kStatus) && Contains("memprof: "));
}

TEST_CASE("NO_COLOR is respected") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.environment = {{"NO_COLOR", "1"}};
  const auto run = run_on_terminal(memprof_run({}, ":"), options);
  CHECK_THAT(run.bytes, !Contains("m\033") && !Contains("\033[1m"));
}

TEST_CASE("Ctrl-C reaches the program, and memprof writes the profile") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.keys = {{"ready", "\003"}};
  SECTION("that dies of it") {
    const auto run = run_on_terminal(memprof_run({}, "echo ready; sleep 30"), options);
    CHECK(run.status == 130);
  }
  SECTION("that handles it") {
    const auto run = run_on_terminal(memprof_run({}, "trap 'exit 7' INT; echo ready; sleep 30"), options);
    CHECK(run.status == 7);
  }
  const auto profile = read_profile(directory.file("profile.json"));
  REQUIRE(profile);
  CHECK(profile->capture.complete);
}

TEST_CASE("a second Ctrl-C ends the recording of a program that does not mind the first") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.keys = {{"ready", "\003"}, {"again", "\003"}};
  const std::string mark = directory.file("mark");
  const auto run = run_on_terminal(memprof_run({}, "trap '' INT HUP; echo ready; sleep 3; touch " + mark), options);
  CHECK(run.status == 130);
  CHECK_FALSE(std::filesystem::exists(mark));  // the program itself is left alone, and still at it
  const auto profile = read_profile(directory.file("profile.json"));
  REQUIRE(profile);
  CHECK(profile->process.end_kind == EndKind::kStillRunning);
  CHECK_FALSE(profile->capture.complete);
  REQUIRE(profile->capture.incomplete_reasons.size() == 1);
  CHECK_THAT(profile->capture.incomplete_reasons[0], Contains("still running"));
  CHECK_THAT(run.bytes, Contains("partial: "));
  for (int i = 0; i < 100 && !std::filesystem::exists(mark); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  CHECK(std::filesystem::exists(mark));
}

TEST_CASE("two Ctrl-C at a prompt that reads single keys are the program's alone") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.keys = {{"ready", "\003"}, {"one", "\003"}, {"two", "x"}};
  const std::string script =
      "stty -icanon; n=0; trap 'n=$((n+1)); [ $n = 1 ] && echo one || echo two' INT; echo ready; "
      "while [ $n -lt 2 ]; do sleep 0.1; done; sleep 0.3; stty icanon; exit 4";
  const auto run = run_on_terminal(memprof_run({}, script), options);
  CHECK(run.status == 4);
  const auto profile = read_profile(directory.file("profile.json"));
  REQUIRE(profile);
  CHECK(profile->capture.complete);
}

TEST_CASE("Ctrl-C ends the wait for processes that the program left behind") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.keys = {{"Ctrl-C ends the wait", "\003"}};
  const auto run = run_on_terminal(memprof_run({}, "setsid " + test_program("counting_kill") + " " +
                                                       directory.file("progress") + " & sleep 0.3; exit 6"),
                                   options);
  CHECK(run.status == 6);
  CHECK_THAT(run.bytes, Contains("waiting for 1, Ctrl-C ends the wait"));
  CHECK_THAT(run.bytes, Contains("counting_kill") && Contains("(partial)"));
  bool found = false;
  for (const Profile& profile : read_profiles(directory.path())) {
    if (profile.process.program != "counting_kill") continue;
    found = true;
    CHECK(profile.process.end_kind == EndKind::kStillRunning);
    CHECK_FALSE(profile.capture.complete);
    kill(profile.process.pid, SIGKILL);
  }
  CHECK(found);
}

TEST_CASE("Ctrl-Z stops both, fg continues them") {
  TemporaryDirectory directory;
  TerminalOptions options = in(directory);
  options.keys = {{"ready", "\032"}, {"Stopped", "fg; exit $?\n"}};
  options.environment = {{"PS1", "$ "}};
  const std::string line =
      memprof_program() + " run -o " + directory.file("profile.json") + " sh -c 'echo re\"\"ady; sleep 1.5; exit 3'\n";
  options.keys.insert(options.keys.begin(), {"$ ", line});
  const auto run = run_on_terminal({"bash", "--norc", "--noprofile", "-i"}, options);
  INFO(run.bytes);
  CHECK(run.status == 3);
  const auto profile = read_profile(directory.file("profile.json"));
  REQUIRE(profile);
  CHECK(profile->capture.complete);
}

}  // namespace
}  // namespace memprof::test
