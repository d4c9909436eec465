// Threads, signals and fibers: exact figures whoever runs when.

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

Profile check_threads(const Arguments& arguments, Scope scope = Scope::kOwn) {
  ProfiledRun run = profiled(arguments);
  CHECK(run.command.status == 0);
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), scope);
  return profile;
}

TEST_CASE("blocks handed from thread to thread are known when they are freed") {
  Profile profile = check_threads({test_program("hand_over")});
  std::uint64_t allocations = 0, with_blocks = 0;
  for (const Thread& thread : profile.threads) {
    allocations += thread.allocations;
    with_blocks += thread.allocations >= 20000 ? 1 : 0;
  }
  CHECK(allocations == profile.totals.allocations);
  CHECK(with_blocks == 8);
}

TEST_CASE("realloc across threads with reuse of addresses is booked in order") {
  for (int round = 0; round < 5; ++round) check_threads({test_program("realloc_storm")});
}

TEST_CASE("100,000 short-lived threads use rings over again") {
  check_threads({test_program("short_threads"), "100000"});
}

TEST_CASE("1,000 threads at once have a ring each") { check_threads({test_program("many_threads")}); }

TEST_CASE("frees in thread-local destructors are recorded") { check_threads({test_program("tls_destructors")}); }

TEST_CASE("signal handlers, alternate stacks and the smallest thread stacks are recorded") {
  check_threads({test_program("signals")});
}

TEST_CASE("a signal handler that allocates inside a hook loses nothing") {
  const Profile profile = check_threads({test_program("signal_storm")});
  CHECK(profile.capture.missed_frees == 0);
}

TEST_CASE("fibers on stacks of their own, and longjmp, keep their stacks apart") {
  check_threads({test_program("fibers")}, Scope::kProcess);
}

}  // namespace
}  // namespace memprof::test
