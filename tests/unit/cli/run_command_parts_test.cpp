// The pieces of `memprof run` that work on data alone: its words, and the profiles of many processes.

#include <filesystem>

#include "cli/printable.hpp"
#include "cli/run_command_others.hpp"
#include "cli/run_command_progress.hpp"
#include "cli/run_command_summary.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/temporary_directory.hpp"
#include "wire/region.hpp"

namespace memprof::cli {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

collect::LiveStatus some_status() {
  collect::LiveStatus status;
  status.elapsed_s = 12.34;
  status.live_bytes = 88'300'000;
  status.peak_bytes = 101'700'000;
  status.processes = 1;
  return status;
}

TEST_CASE("the status line tells time, memory and speed, or what Ctrl-C does now") {
  collect::LiveStatus status = some_status();
  CHECK(status_text(status, 1'234'567.8) == "memprof: 12.3 s  live 84.2 MiB  peak 97.0 MiB  1,234,567 events/s");
  status.processes = 3;
  CHECK_THAT(status_text(status, 0), Catch::EndsWith("0 events/s  3 processes"));
  status.interrupted = true;
  CHECK_THAT(status_text(status, 0), Catch::EndsWith("Ctrl-C again to stop recording"));
  status.main_ended = true;
  CHECK_THAT(status_text(status, 0), Catch::EndsWith("waiting for 3, Ctrl-C ends the wait"));
  status.elapsed_s = 0.34;
  CHECK_THAT(status_text(status, 0), Catch::StartsWith("memprof: 0.3 s  "));
}

TEST_CASE("the bar of the symbol look-up stays within its bounds") {
  CHECK(symbols_text(0.5, "libfoo.so") == "memprof: looking up symbols  [############            ]   50 %  libfoo.so");
  CHECK_THAT(symbols_text(-1, ""), Contains("[                        ]    0 %"));
  CHECK_THAT(symbols_text(7, ""), Contains("[########################]  100 %"));
}

TEST_CASE("text is broken between words and indented") {
  CHECK(wrapped("note: ", "one two three", 0) == Lines{"note: one two three"});
  CHECK(wrapped("note: ", "one two three four", 15) == Lines{"note: one two", "      three", "      four"});
  CHECK(wrapped("note: ", "unbreakable-long-word", 10) == Lines{"note: unbreakable-long-word"});
}

Profile small_profile() {
  Profile profile;
  profile.process.program = "app";
  profile.process.pid = 42;
  profile.process.duration_s = 2.5;
  profile.process.end_kind = EndKind::kExited;
  profile.capture.max_depth = 100;
  profile.totals.allocations = 10;
  profile.totals.frees = 8;
  profile.totals.allocated_bytes = 5000;
  profile.totals.freed_bytes = 4000;
  profile.totals.live_blocks = 1;
  profile.totals.live_bytes = 1000;
  profile.totals.peak_bytes = 3000;
  profile.totals.peak_blocks = 5;
  profile.totals.peak_time_s = 0.5;
  profile.totals.temporary_allocations = 2;
  return profile;
}

TEST_CASE("the summary tells how it ended, its totals, and how far to trust them") {
  Profile profile = small_profile();
  CHECK(summarize(profile, {}) == Lines{"app ended after 2.5 s, pid 42",
                                        "  allocated  5000 B in 10 blocks, 2 temporary",
                                        "  peak       3000 B in 5 blocks after 500 ms",
                                        "  unfreed    1000 B in 1 block at the end", "  capture    complete"});
  profile.process.end_value = 3;
  CHECK(summarize(profile, {})[0] == "app ended with status 3 after 2.5 s, pid 42");
  profile.process.end_kind = EndKind::kSignalled;
  profile.process.end_value = 11;
  CHECK(summarize(profile, {})[0] == "app was killed by SIGSEGV after 2.5 s, pid 42");
  profile.process.end_kind = EndKind::kStillRunning;
  CHECK(summarize(profile, {})[0] == "app still runs after 2.5 s, pid 42");
  profile.totals.failed_allocations = 4;
  CHECK(summarize(profile, {})[4] == "  failed     4 allocations got no memory");
  profile.capture.ring_wait_s = 1;
  profile.capture.ring_waits = 7;
  CHECK(summarize(profile, {}).back() == "  waited     1.0 s for memprof to keep up (7 times)");
}

TEST_CASE("a program without allocations is not passed off as a thrifty one") {
  Profile profile = small_profile();
  profile.totals = {};
  CHECK(summarize(profile, {})[1] == "  allocated  nothing");
  profile.capture.degraded_reasons = {"477 MiB are in no figure of the heap: jemalloc is in app."};
  CHECK(summarize(profile, {})[2] == "  capture    degraded: 477 MiB are in no figure of the heap: jemalloc is in app");
}

TEST_CASE("names that come from the program cannot control the terminal") {
  Profile profile = small_profile();
  profile.process.program = "evil\033[2J\n";
  for (const std::string& line : summarize(profile, {})) CHECK(line.find_first_of("\033\n") == std::string::npos);
}

TEST_CASE("the summary shows where the memory was, and the verdict with its reasons") {
  Profile profile = small_profile();
  MemoryMoment moment;
  moment.rss_bytes = 100 << 20;
  moment.live_bytes = 10 << 20;
  moment.anonymous_bytes = 10 << 20;
  moment.direct_bytes = 80 << 20;
  moment.file_bytes = 10 << 20;
  profile.memory = {moment};
  profile.capture.degraded_reasons = {"80 MiB are elsewhere: the program maps it itself."};
  const std::vector<std::string> lines = summarize(profile, {});
  CHECK(lines[4] == "  resident   100 MiB: direct mappings 80.0 MiB + heap 10.0 MiB + files 10.0 MiB");
  CHECK(lines[5] == "  capture    degraded: 80 MiB are elsewhere: the program maps it itself");
}

TEST_CASE("the top sites at the peak fit the width, whatever they are called") {
  Profile profile = small_profile();
  profile.strings = {"", std::string(300, 'f') + "(int)", "/src/" + std::string(100, 'd') + ".cpp", "malloc"};
  Frame frame;
  frame.function = 1;
  frame.file = 2;
  frame.line = 7;
  profile.frames.push_back(frame);
  StackNode node;
  node.parent = kCompleteRoot;
  node.frame = 0;
  profile.stacks.push_back(node);
  Site site;
  site.stack = kRootCount;
  site.hook = 3;
  site.peak_bytes = 3000;
  site.peak_blocks = 5;
  profile.sites.push_back(site);
  const Lines wide = summarize(profile, {});
  CHECK_THAT(wide.back(), Contains(std::string(300, 'f')) && Contains("3000 B  100.0 %"));
  for (const std::string& line : summarize(profile, {71, false})) CHECK(display_width(line) <= 71);
}

collect::CapturedProcess captured(std::int32_t pid, std::uint64_t allocations, std::uint32_t row = 0) {
  collect::CapturedProcess process;
  process.process.program = "tool";
  process.process.pid = pid;
  process.tree_row = row;
  process.totals.allocations = allocations;
  process.modules.resize(1);  // the one of addresses that belong to no file
  process.stacks.resize(wire::kFirstNode);
  return process;
}

TEST_CASE("profiles are written in the background, all of them, under names of their own") {
  test::TemporaryDirectory directory;
  auto output = ProfileOutput::prepare(directory.file("all.json"));
  REQUIRE(output);
  OtherProfiles others(*output, {});
  for (std::int32_t i = 0; i < 20; ++i)
    others.write_in_background(captured(i / 2, 5000, static_cast<std::uint32_t>(i)));
  others.wait_for_background();
  CHECK(others.errors().empty());
  REQUIRE(others.written().size() == 20);
  for (const OtherProcess& other : others.written()) {
    const auto profile = read_profile(other.path);
    REQUIRE(profile);
    CHECK(profile->process.pid == static_cast<std::int32_t>(other.tree_row / 2));
  }
  CHECK(std::filesystem::exists(directory.file("all.tool.9.json")));
  CHECK(std::filesystem::exists(directory.file("all.tool.9.2.json")));
}

TEST_CASE("processes with next to nothing to tell get no profile, unless there are no others") {
  test::TemporaryDirectory directory;
  auto output = ProfileOutput::prepare(directory.file("all.json"));
  REQUIRE(output);
  OtherProfiles others(*output, {});
  std::vector<collect::CapturedProcess> processes;
  processes.push_back(captured(1, 10));
  processes.push_back(captured(2, 0));
  SECTION("no others") {
    others.write(std::move(processes), {});
    CHECK(others.written().size() == 1);
  }
  SECTION("one with more") {
    processes.push_back(captured(3, 1000, 7));
    others.write(std::move(processes), {});
    REQUIRE(others.written().size() == 1);
    CHECK(others.written()[0].tree_row == 7);
  }
  SECTION("many") {
    for (std::int32_t i = 0; i < 50; ++i) processes.push_back(captured(10 + i, 10));
    others.write(std::move(processes), {});
    CHECK(others.written().empty());
  }
}

}  // namespace
}  // namespace memprof::cli
