// The mapped domain: ranges that a program maps itself, exactly, and never as heap.

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"

namespace memprof::test {
namespace {

TEST_CASE("every mapping call is counted as mmap(2) describes it, also by signal handlers and threads") {
  for (int run = 0; run < 5; ++run) {
    const ProfiledRun result = profiled({test_program("mappings")});
    REQUIRE(result.command.status == 0);
    const Profile& profile = result.only();
    check_quality(profile);
    const Expectation expected = expectations(result.command.out).at(0);
    const Totals& mapped = profile.mapped_totals;
    CHECK(mapped.allocations == expected.at("allocations"));
    CHECK(mapped.frees == expected.at("frees"));
    CHECK(mapped.allocated_bytes == expected.at("allocated_bytes"));
    CHECK(mapped.freed_bytes == expected.at("freed_bytes"));
    CHECK(mapped.live_blocks == 1);
    CHECK(mapped.live_bytes == 7 * 4096);
    CHECK(mapped.failed_allocations == expected.at("failed_allocations"));
    CHECK(mapped.peak_bytes >= 64 * 4096);
    CHECK(mapped.peak_bytes < (1 << 20));  // neither a thread's stack nor libc's own
    CHECK(profile.totals.peak_bytes >= 64 << 20);
    CHECK(profile.totals.live_bytes < 1 << 20);

    std::uint64_t live = 0, peak = 0;
    for (const Site& site : profile.mapped_sites) {
      live += site.live_bytes;
      peak += site.peak_bytes;
    }
    CHECK(live == mapped.live_bytes);
    CHECK(peak == mapped.peak_bytes);
  }
}

TEST_CASE("reports show mapped ranges by their lines, and nowhere else") {
  const ProfiledRun result = profiled({test_program("mappings")});

  const Profile& profile = result.only();
  const auto functions_of = [&](const std::vector<Site>& sites) {
    std::string names;
    for (const Site& site : sites) {
      for (NodeIndex node = site.stack; node >= kRootCount; node = profile.stacks[node].parent) {
        names += profile.text(profile.frames[profile.stacks[node].frame].function) + " ";
      }
    }
    return names;
  };
  CHECK(functions_of(profile.mapped_sites).find("every_call") != std::string::npos);
  CHECK(functions_of(profile.mapped_sites).find("on_alarm") != std::string::npos);
  CHECK(functions_of(profile.sites).find("every_call") == std::string::npos);
}

}  // namespace
}  // namespace memprof::test
