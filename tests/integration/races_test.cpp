// Hazards that are races, 50 times each while other work keeps all processors busy.

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

int rounds() { return soaking() ? 1000 : 50; }

/// Every process that prints a line has a profile that says the same.
void check_round(const Arguments& arguments) {
  CommandOptions options;
  options.timeout = std::chrono::seconds(60);
  const ProfiledRun run = profiled(arguments, options);
  INFO(run.command.err);
  REQUIRE(run.command.status == 0);
  for (const Expectation& expected : expectations(run.command.out)) {
    const Profile& profile = profile_of(run, expected.pid);
    check_quality(profile);
    check_figures(profile, expected, Scope::kOwn);
  }
}

void check_often(const Arguments& arguments) {
  const Load load;
  for (int round = 0; round < rounds(); ++round) {
    INFO("round " << round);
    check_round(arguments);
  }
}

TEST_CASE("50 times under load: realloc across threads", "[soak]") {
  check_often({test_program("realloc_storm"), "3000"});
}

TEST_CASE("50 times under load: fork while other threads allocate", "[soak]") {
  check_often({test_program("fork_threads"), "4"});
}

TEST_CASE("50 times under load: dlopen and dlclose while other threads allocate and fork", "[soak]") {
  check_often({test_program("dlopen_storm"), test_program("plugin_first.so"), test_program("plugin_second.so"), "30"});
}

TEST_CASE("50 times under load: signal handlers that allocate inside hooks", "[soak]") {
  const Load load;
  for (int round = 0; round < rounds(); ++round) {
    INFO("round " << round);
    ProfiledRun run = profiled({test_program("signal_storm"), "20000"});
    REQUIRE(run.command.status == 0);
    const Profile& profile = run.only();
    check_quality(profile);
    check_figures(profile, expectations(run.command.out).at(0), Scope::kOwn);
  }
}

TEST_CASE("50 times under load: threads that come and go", "[soak]") {
  check_often({test_program("short_threads"), "500"});
}

TEST_CASE("50 times under load: thread-local data that is freed as threads end", "[soak]") {
  check_often({test_program("tls_destructors")});
}

TEST_CASE("50 times under load: vfork and clone in one thread while others work", "[soak]") {
  check_often({test_program("raw_clone")});
}

TEST_CASE("50 forks in signal handlers that interrupt hooks, whose children go on in the hook", "[soak]") {
  for (int round = 0; round < (soaking() ? 100 : 2); ++round) {
    const ProfiledRun run = profiled({test_program("fork_in_handler")});
    INFO(run.command.err);
    REQUIRE(run.command.status == 0);
    const std::vector<Expectation> all = expectations(run.command.out);
    REQUIRE(all.size() == 41);
    check_quality(profile_of(run, all.back().pid));
    check_figures(profile_of(run, all.back().pid), all.back(), Scope::kOwn);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const Profile& profile = profile_of(run, all[i].pid);
      const Totals own = own_totals(profile);
      CHECK(profile.capture.dropped_events == 0);
      // What the signal interrupted may be recorded in the child too, if it had not got to the recording.
      CHECK(own.allocations >= 1501);
      CHECK(own.allocations <= 1502);
      CHECK(own.live_blocks == 1500);
    }
  }
}

}  // namespace
}  // namespace memprof::test
