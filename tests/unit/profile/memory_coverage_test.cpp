#include "profile/memory_coverage.hpp"

#include "tests/catch.hpp"

namespace memprof {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::uint64_t sum(const MemoryCoverage& coverage) {
  return coverage.heap + coverage.allocator + coverage.direct + coverage.files + coverage.stacks + coverage.memprof +
         coverage.unexplained;
}

MemoryMoment moment_of(std::uint64_t live_mib, std::uint64_t anonymous_mib, std::uint64_t direct_mib = 0) {
  MemoryMoment moment;
  moment.live_bytes = live_mib * kMiB;
  moment.anonymous_bytes = anonymous_mib * kMiB;
  moment.direct_bytes = direct_mib * kMiB;
  moment.file_bytes = 5 * kMiB;
  moment.stack_bytes = kMiB;
  moment.memprof_bytes = 2 * kMiB;
  moment.rss_bytes = moment.anonymous_bytes + moment.direct_bytes + 8 * kMiB;
  return moment;
}

TEST_CASE("the parts of resident memory add up", "[coverage]") {
  for (std::uint64_t live : {0u, 3u, 50u, 500u}) {
    for (std::uint64_t anonymous : {0u, 40u, 60u, 300u}) {
      for (std::uint64_t held : {0u, 45u, 1000u}) {
        MemoryMoment moment = moment_of(live, anonymous, 7);
        moment.allocator_held = held * kMiB;
        CHECK(sum(cover_memory(moment, live * kMiB)) == moment.rss_bytes);
      }
    }
  }
}

TEST_CASE("what the allocator says that it holds is its, and the rest is not explained", "[coverage]") {
  MemoryMoment moment = moment_of(20, 100);
  moment.allocator_held = 60 * kMiB;
  const MemoryCoverage coverage = cover_memory(moment, 50 * kMiB);
  CHECK(coverage.heap == 20 * kMiB);
  CHECK(coverage.allocator == 40 * kMiB);
  CHECK(coverage.unexplained == 40 * kMiB);
}

TEST_CASE("an allocator that says nothing may keep a quarter more than the highest heap", "[coverage]") {
  const MemoryCoverage coverage = cover_memory(moment_of(20, 200), 80 * kMiB);
  CHECK(coverage.allocator == 81 * kMiB);
  CHECK(coverage.unexplained == 99 * kMiB);
}

TEST_CASE("live blocks that cannot be resident were never touched", "[coverage]") {
  const MemoryCoverage coverage = cover_memory(moment_of(500, 30), 500 * kMiB);
  CHECK(coverage.heap == 30 * kMiB);
  CHECK(coverage.untouched == 470 * kMiB);
}

TEST_CASE("memory is mostly unseen when more than half of it, and much, is in no block", "[coverage]") {
  CHECK(mostly_unseen(moment_of(1, 1, 100), kMiB));
  CHECK(mostly_unseen(moment_of(0, 100), 0));
  CHECK_FALSE(mostly_unseen(moment_of(0, 20), 0));  // too little to wonder
  CHECK_FALSE(mostly_unseen(moment_of(100, 110, 40), 100 * kMiB));
  CHECK_FALSE(mostly_unseen(moment_of(5, 100), 100 * kMiB));  // free chunks of what was there once
}

TEST_CASE("the highest moment is the one with most memory", "[coverage]") {
  Profile profile;
  CHECK(highest_moment(profile) == nullptr);
  profile.memory = {moment_of(1, 50), moment_of(1, 90), moment_of(1, 20)};
  CHECK(highest_moment(profile) == &profile.memory[1]);
}

}  // namespace
}  // namespace memprof
