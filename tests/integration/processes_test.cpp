// Process trees and endings: nothing of one process is booked in another, and nothing is lost however one ends.

#include <signal.h>

#include <algorithm>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

TEST_CASE("children of fork, and theirs, are booked apart from their parents") {
  ProfiledRun run = profiled({test_program("fork_child")});
  CHECK(run.command.status == 0);
  REQUIRE(run.profiles.size() == 3);
  for (const Expectation& expected : expectations(run.command.out)) {
    const Profile& profile = profile_of(run, expected.pid);
    check_quality(profile);
    check_figures(profile, expected, Scope::kProcess);
  }
}

TEST_CASE("a threaded program may fork at any time") {
  ProfiledRun run = profiled({test_program("fork_threads")});
  CHECK(run.command.status == 0);
  const std::vector<Expectation> all = expectations(run.command.out);
  CHECK(all.size() == 21);
  for (const Expectation& expected : all) {
    const Profile& profile = profile_of(run, expected.pid);
    check_quality(profile);
    check_figures(profile, expected, Scope::kOwn);
  }
}

TEST_CASE("what a vfork child allocates is its parent's") {
  ProfiledRun run = profiled({test_program("spawn")});
  CHECK(run.command.status == 0);
  const Expectation expected = expectations(run.command.out).at(0);
  const Profile& profile = profile_of(run, expected.pid);
  check_quality(profile);
  check_figures(profile, expected, Scope::kProcess);
}

TEST_CASE("each image of a chain of execs has its own figures") {
  ProfiledRun run = profiled({test_program("exec_chain"), "3"});
  CHECK(run.command.status == 0);
  const std::vector<Expectation> all = expectations(run.command.out);
  REQUIRE(all.size() == 4);
  std::vector<std::uint64_t> blocks;
  for (const Profile& profile : run.profiles) {
    check_quality(profile);
    CHECK(profile.process.pid == all.front().pid);
    CHECK(profile.totals.live_bytes == profile.totals.live_blocks * 100);
    const bool last = profile.totals.live_blocks == 0;
    CHECK(profile.process.end_kind == (last ? EndKind::kExited : EndKind::kReplaced));
    blocks.push_back(profile.totals.live_blocks);
  }
  std::sort(blocks.begin(), blocks.end());
  CHECK(blocks == std::vector<std::uint64_t>{0, 1000, 2000, 3000});
}

TEST_CASE("an image that was given no environment is recorded as well, and so are those after it") {
  ProfiledRun run = profiled({test_program("exec_chain"), "3", "scrubbed"});
  CHECK(run.command.status == 0);
  REQUIRE(expectations(run.command.out).size() == 4);
  std::vector<std::uint64_t> blocks;
  for (const Profile& profile : run.profiles) {
    check_quality(profile);
    blocks.push_back(profile.totals.live_blocks);
  }
  std::sort(blocks.begin(), blocks.end());
  CHECK(blocks == std::vector<std::uint64_t>{0, 1000, 2000, 3000});
}

TEST_CASE("however a program ends, its figures are whole and its status is its own") {
  struct Ending {
    const char* how;
    int status;
    EndKind kind;
    int value;
  };
  const Ending ending =
      GENERATE(Ending{"return", 7, EndKind::kExited, 7}, Ending{"exit", 7, EndKind::kExited, 7},
               Ending{"_exit", 7, EndKind::kExited, 7}, Ending{"_Exit", 7, EndKind::kExited, 7},
               Ending{"quick_exit", 7, EndKind::kExited, 7}, Ending{"pthread_exit", 0, EndKind::kExited, 0},
               Ending{"abort", 128 + SIGABRT, EndKind::kSignalled, SIGABRT},
               Ending{"SIGKILL", 128 + SIGKILL, EndKind::kSignalled, SIGKILL},
               Ending{"SIGTERM", 128 + SIGTERM, EndKind::kSignalled, SIGTERM},
               Ending{"SIGSEGV", 128 + SIGSEGV, EndKind::kSignalled, SIGSEGV});
  INFO(ending.how);
  ProfiledRun run = profiled({test_program("endings"), ending.how});
  CHECK(run.command.status == ending.status);
  const Profile& profile = run.only();
  CHECK(profile.process.end_kind == ending.kind);
  CHECK(profile.process.end_value == ending.value);
  check_quality(profile);
  // abort and pthread_exit allocate on their own account.
  check_figures(profile, expectations(run.command.out).at(0), Scope::kOwn);
}

}  // namespace
}  // namespace memprof::test
