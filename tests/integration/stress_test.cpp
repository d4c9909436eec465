// Everything at once for a while: nothing is lost, nothing hangs, nothing crashes.

#include <iostream>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

/// The profile that the process's line is about. Of several children that had one pid after the other, the one whose
/// figures are the same.
const Profile& profile_of_line(const ProfiledRun& run, const Expectation& line) {
  for (const Profile& profile : run.profiles) {
    if (profile.process.pid != line.pid) continue;
    const Totals own = own_totals(profile);
    if (own.allocations == line.at("allocations") && own.allocated_bytes == line.at("allocated_bytes")) return profile;
  }
  return profile_of(run, line.pid);
}

void check_stress(const std::string& program, std::uint64_t seconds) {
  CommandOptions options;
  options.timeout = std::chrono::seconds(2 * seconds + 60);
  const ProfiledRun run =
      profiled({test_program(program), std::to_string(seconds), test_program("plugin_first.so"), "1"}, options);
  INFO(run.command.err);
  REQUIRE(run.command.status == 0);
  // Children print theirs as they end, the program at its own end.
  const std::vector<Expectation> expected = expectations(run.command.out);
  REQUIRE(!expected.empty());
  for (const Expectation& process : expected) {
    const Profile& profile = profile_of_line(run, process);
    check_quality(profile);
    check_figures(profile, process, Scope::kOwn);
  }
  const Expectation& all = expected.back();
  CHECK(all.at("live_blocks") == 0);
  const Profile& profile = profile_of_line(run, all);
  std::cout << program << ", " << seconds << " s: " << profile.totals.allocations << " allocations, "
            << profile.totals.frees << " frees, " << profile.capture.nested_events << " events inside hooks, "
            << all.at("signals") << " signals, " << all.at("children") << " processes, " << all.at("threads")
            << " threads, " << all.at("plug-in loads") << " plug-in loads, " << expected.size()
            << " profiles compared\n";
}

TEST_CASE("all hooks, threads, forks, dlopen and signals at once, for a minute", "[soak]") {
  check_stress("stress_anywhere", soak_seconds(60));
}

TEST_CASE("all hooks, threads, forks, dlopen and signals on the C library's allocator", "[soak]") {
  check_stress("stress", soak_seconds(20));
}

}  // namespace
}  // namespace memprof::test
