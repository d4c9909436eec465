// What is known to break malloc interposers (docs/robustness.md), one program of tests/programs for each.

#include <unistd.h>

#include <algorithm>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

/// Runs a program natively and profiled: the same status, and its own figures.
ProfiledRun check_program(const Arguments& arguments, Scope scope = Scope::kOwn, const CommandOptions& options = {}) {
  CHECK(run_command(arguments, options).status == 0);
  ProfiledRun run = profiled(arguments, options);
  INFO(run.command.err);
  REQUIRE(run.command.status == 0);
  for (const Expectation& expected : expectations(run.command.out)) {
    check_figures(profile_of(run, expected.pid), expected, scope);
  }
  return run;
}

TEST_CASE("blocks made while the real functions are looked up outlive the look-up") {
  check_quality(check_program({test_program("early_lookups")}, Scope::kProcess).only());
}

TEST_CASE("thread-local data of a plug-in is allocated at its first touch") {
  const ProfiledRun run = check_program({test_program("tls_first_touch"), test_program("tls_plugin.so")});
  const Profile& profile = run.only();
  check_quality(profile);
  // The loader's own allocations of 100,000 bytes are in the totals, and freed: no copy of a thread is left.
  CHECK(profile.totals.allocated_bytes > 200 * 100'000);
  CHECK(profile.totals.live_bytes < 1'000'000);
}

TEST_CASE("children of raw fork, clone and vfork are booked where their memory is") {
  const ProfiledRun run = check_program({test_program("raw_clone")});
  CHECK(run.profiles.size() == 3);
  for (const Profile& profile : run.profiles) check_quality(profile);
}

TEST_CASE("a plug-in with RTLD_DEEPBIND frees and allocates past memprof, which counts it") {
  const ProfiledRun run = check_program({test_program("deepbind_host"), test_program("plugin_first.so")});
  const Profile& profile = run.only();
  CHECK(profile.capture.unknown_frees == 1000);
  CHECK(profile.capture.dropped_events == 0);
  CHECK(figure_of_function(profile, "live_blocks", "main") == 500);
}

TEST_CASE("code made at run time is recorded, with its stack cut and flagged") {
  const ProfiledRun run = check_program({test_program("jit")}, Scope::kProcess);
  const Profile& profile = run.only();
  CHECK(profile.capture.truncated_stacks == 2000);
  CHECK(profile.totals.allocations == 1000);
}

TEST_CASE("a daemon without descriptors, directory, root and rights is recorded to its end") {
  TemporaryDirectory directory;
  const ProfiledRun run = check_program({test_program("daemon_without_rights"), directory.path()});
  for (const Profile& profile : run.profiles) check_quality(profile);
}

TEST_CASE("an address-space limit that the program knows makes smaller regions, and nothing is lost") {
  // 192 MiB: far below what a region has usually. (In KiB, as ulimit wants it.)
  for (const char* program : {"hand_over", "fork_child", "many_threads"}) {
    INFO(program);
    const bool many = std::string(program) == "many_threads";
    const ProfiledRun run = profiled({"sh", "-c", "ulimit -v 196608; exec " + test_program(program)});
    INFO(run.command.err);
    if (many) {
      // More threads than the small region has rings: what is lost is counted, and the program has its way.
      CHECK(run.command.status == 0);
      const Profile& profile = profile_of(run, expectations(run.command.out).at(0).pid);
      CHECK((profile.capture.complete || profile.capture.dropped_events > 0));
      continue;
    }
    REQUIRE(run.command.status == 0);
    for (const Expectation& expected : expectations(run.command.out)) {
      const Profile& profile = profile_of(run, expected.pid);
      check_quality(profile);
      check_figures(profile, expected, Scope::kOwn);
    }
  }
}

TEST_CASE("programs that are bound at their start, or not moved, are recorded like others") {
  for (const char* program : {"all_hooks_bound_at_start", "all_hooks_not_moved"}) {
    INFO(program);
    check_quality(check_program({test_program(program)}, Scope::kProcess).only());
  }
}

TEST_CASE("a program with libstdc++ linked in has its operators recorded by what they call") {
  // Its own operator new can't be replaced; the blocks are those of malloc underneath, with malloc's sizes.
  ProfiledRun run = profiled({test_program("cxx_new_static_runtime")});
  REQUIRE(run.command.status == 0);
  const Profile& profile = run.only();
  check_quality(profile);
  const Expectation expected = expectations(run.command.out).at(0);
  const Totals under = totals_under_program(profile);
  CHECK(under.allocations == expected.at("allocations") + 1);  // libstdc++'s emergency pool, now part of the program
  CHECK(under.frees == expected.at("frees"));
  CHECK(under.failed_allocations == expected.at("failed_allocations"));
}

TEST_CASE("a plug-in that is linked with -Bsymbolic keeps its allocator to itself") {
  const ProfiledRun run = check_program(
      {test_program("dlopen_storm"), test_program("plugin_symbolic.so"), test_program("plugin_first.so")});
  for (const Profile& profile : run.profiles) check_quality(profile);
}

TEST_CASE("a static program, position-independent or not, is refused in a sentence") {
  const CommandResult run = run_command({memprof_program(), "run", test_program("static_pie")});
  CHECK(run.status == 126);
  CHECK(run.out.empty());
  CHECK_THAT(run.err, Catch::Contains("static_pie: is a static program: no library can be put in front of its malloc"));
  CHECK_THAT(run.err, Catch::Contains("memprof: hint: "));
}

TEST_CASE("a program built for musl is told what is missing, not handed to a loader that fails") {
  const std::string program = test_program("known_peak_musl");
  REQUIRE(run_command({program}).status == 0);
  const CommandResult run = run_command({memprof_program(), "run", program});
  CHECK(run.status == 126);
  CHECK(run.out.empty());
  CHECK_THAT(run.err, Catch::Contains("is built for musl, and this memprof's library for glibc"));
  CHECK_THAT(run.err, Catch::Contains("memprof: hint: build it with glibc"));
}

TEST_CASE("what fills freed and new memory with rubbish changes nothing") {
  CommandOptions options;
  options.environment = {{"MALLOC_PERTURB_", "165"}};
  for (const char* program :
       {"all_hooks", "known_peak", "tls_destructors", "raw_clone", "early_lookups", "fork_child"}) {
    INFO(program);
    const Scope scope =
        std::string(program) == "all_hooks" || std::string(program) == "known_peak" ? Scope::kProcess : Scope::kOwn;
    if (std::string(program) == "early_lookups") {
      check_program({test_program(program)}, Scope::kProcess, options);
    } else {
      const ProfiledRun run = check_program({test_program(program)}, scope, options);
      for (const Profile& profile : run.profiles) check_quality(profile);
    }
  }
}

}  // namespace
}  // namespace memprof::test
