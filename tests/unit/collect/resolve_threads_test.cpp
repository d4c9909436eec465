// Several threads on the live set: the same figures to the last digit.

#include <random>

#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

constexpr wire::Capacity kLarge{4, 1u << 15, 4, 64, 1u << 10};

/// The same random program each time: reallocs, hand-overs, reuse, missed and unknown frees.
CapturedProcess run(unsigned threads) {
  EngineFixture fixture(threads, kLarge);
  std::mt19937_64 random(42);
  std::vector<FakeRing> rings;
  std::vector<wire::StackId> stacks;
  for (std::uint32_t i = 0; i < 4; ++i) rings.emplace_back(fixture.target, 100 + i, 1);
  for (std::uint64_t i = 0; i < 50; ++i) stacks.push_back(fixture.target.add_stack({0x1000 + i}));
  std::uint64_t ticks = 10;
  for (int round = 0; round < 6; ++round) {
    const auto room = [](const FakeRing& ring) { return ring.room() > 8; };
    while (std::all_of(rings.begin(), rings.end(), room)) {
      FakeRing& ring = rings[random() % rings.size()];
      const wire::StackId stack = stacks[random() % stacks.size()];
      const std::uint64_t address = (1 + random() % 20'000) * 16;
      const std::uint64_t size = random() % 1000 == 0 ? random() >> 20 : random() % 500;
      ticks += random() % 50;
      switch (random() % 6) {
        case 0:
          ring.realloc_begin(address, size, stack, ticks);
          if (random() % 4 == 0) {
            ring.realloc_fail(address, size, stack, ticks + 3);
          } else {
            ring.realloc_end((1 + random() % 20'000) * 16, size, stack, ticks + 3);
          }
          break;
        case 1:
        case 2:
          ring.free(address, stack, ticks);
          break;
        default:
          ring.alloc(address, size, stack, ticks);
      }
    }
    fixture.engine.drain();
  }
  REQUIRE(fixture.engine.events() > 600'000);
  CapturedProcess captured = fixture.finish();
  captured.capture.unknown_frees = fixture.engine.accounts().unknown_frees();
  REQUIRE(captured.capture.unknown_frees != 0);
  REQUIRE(captured.capture.missed_frees != 0);
  REQUIRE(captured.totals.temporary_allocations != 0);
  return captured;
}

TEST_CASE("the figures do not depend on the number of threads") {
  const CapturedProcess one = run(1);
  for (const unsigned threads : {2u, 4u}) {
    CAPTURE(threads);
    const CapturedProcess several = run(threads);
    CHECK(several.totals == one.totals);
    CHECK(several.sites == one.sites);
    CHECK(several.threads == one.threads);
    CHECK(several.capture == one.capture);
    REQUIRE(several.timeline.size() == one.timeline.size());
    for (std::size_t i = 0; i < one.timeline.size(); ++i) {
      REQUIRE(several.timeline[i].live_bytes == one.timeline[i].live_bytes);
      REQUIRE(several.timeline[i].highest_bytes == one.timeline[i].highest_bytes);
      REQUIRE(several.timeline[i].allocations == one.timeline[i].allocations);
    }
  }
}

}  // namespace
}  // namespace memprof::collect
