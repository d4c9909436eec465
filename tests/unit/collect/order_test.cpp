// The order of events over all rings.

#include <atomic>
#include <thread>

#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("events of all rings are booked by time") {
  EngineFixture fixture;
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1), three(fixture.target, 13, 1);
  // One block that wanders; any other order would miss a free.
  two.alloc(0xa000, 2, 0, 20);
  two.free(0xa000, 0, 40);
  three.free(0xa000, 0, 30);
  three.alloc(0xa000, 3, 0, 31);
  one.alloc(0xa000, 1, 0, 10);
  one.free(0xa000, 0, 11);
  one.alloc(0xa000, 4, 0, 50);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.allocations == 4);
  CHECK(captured.totals.frees == 3);
  CHECK(captured.totals.live_bytes == 4);
  CHECK(captured.totals.peak_bytes == 4);
  CHECK(captured.totals.temporary_allocations == 1);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
  CHECK(fixture.engine.accounts().missed_frees() == 0);
}

TEST_CASE("a batch may end anywhere between the rings") {
  EngineFixture fixture(1, {64, 1u << 12, 4, 64, 64});
  std::vector<FakeRing> rings;
  for (std::uint32_t i = 0; i < 50; ++i) rings.emplace_back(fixture.target, 100 + i, 1);
  // More than a batch holds: each ring frees what its neighbour has allocated.
  std::uint64_t ticks = 10;
  for (std::uint64_t round = 0; round < 150; ++round) {
    for (std::size_t i = 0; i < rings.size(); ++i) {
      if (round != 0) rings[(i + round) % rings.size()].free(0xa000 + 16 * i, 0, ++ticks);
      rings[(i + round * 7) % rings.size()].alloc(0xa000 + 16 * i, round + 1, 0, ++ticks);
    }
  }
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.allocations == 7500);
  CHECK(captured.totals.frees == 7450);
  CHECK(captured.totals.live_bytes == 50 * 150);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
  CHECK(fixture.engine.accounts().missed_frees() == 0);
  CHECK(fixture.engine.damage().sum() == 0);
}

TEST_CASE("a ring that publishes late is not waited for, and nothing it could matter to is wrong") {
  EngineFixture fixture;
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1);
  two.put(15, wire::Operation::kAlloc, 0, 0xb000, 7, 0);  // stamped, not yet published
  one.alloc(0xa000, 5, 0, 20);
  CHECK(fixture.engine.drain() == 1);
  two.publish();
  one.free(0xb000, 0, 30);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_bytes == 5);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
}

/// Threads that allocate from one real allocator, hand their blocks to one another, and record what they do. The
/// collector looks all the time, so it finds the rings in any state.
TEST_CASE("threads that hand blocks to one another while the rings are read never contradict themselves") {
  SharedRegion region = make_region({16, 1u << 8, 4, 64, 64});
  const FakeTarget target(region.descriptor(), region.bytes());
  Engine engine(
      region, [&] { return target.now(); }, EngineOptions{});
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kRounds = 20'000;
  std::atomic<void*> exchange[8] = {};
  std::atomic<std::size_t> running{kThreads};
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      FakeRing ring(target, static_cast<std::uint32_t>(100 + number));
      for (std::size_t i = 0; i < kRounds; ++i) {
        void* block = std::malloc(24 + i % 40);
        ring.alloc(reinterpret_cast<std::uint64_t>(block), 24 + i % 40);
        block = exchange[(i * 7 + number) % 8].exchange(block);
        if (block == nullptr) continue;
        const auto old = reinterpret_cast<std::uint64_t>(block);
        if (i % 5 == 0) {
          ring.realloc_begin(old, 200 + i % 300);
          block = std::realloc(block, 200 + i % 300);
          ring.realloc_end(reinterpret_cast<std::uint64_t>(block), 200 + i % 300);
        }
        ring.free(reinterpret_cast<std::uint64_t>(block));
        std::free(block);
      }
      --running;
    });
  }
  while (running != 0) engine.drain();
  for (std::thread& thread : threads) thread.join();
  engine.drain();
  std::uint64_t left = 0;
  for (auto& slot : exchange) {
    left += slot != nullptr;
    std::free(slot);
  }
  CHECK(engine.accounts().unknown_frees() == 0);
  CHECK(engine.accounts().missed_frees() == 0);
  CHECK(engine.damage().sum() == 0);
  CHECK(engine.accounts().totals().live_blocks == left);
  CHECK(engine.live_set().size() == left);
  CHECK(engine.accounts().totals().allocations >= kThreads * kRounds);
}

}  // namespace
}  // namespace memprof::collect
