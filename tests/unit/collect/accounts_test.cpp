// What the figures mean, event by event.

#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST_CASE("an allocation and its free are booked at their sites and threads") {
  EngineFixture fixture;
  const auto here = fixture.target.add_stack({0x1000});
  const auto there = fixture.target.add_stack({0x2000});
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1);
  one.alloc(0xa000, 100, here, 10, wire::Hook::kCalloc);
  one.alloc(0xb000, 50, here, 20);
  two.free(0xa000, there, 30);

  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.allocations == 2);
  CHECK(captured.totals.frees == 1);
  CHECK(captured.totals.allocated_bytes == 150);
  CHECK(captured.totals.freed_bytes == 100);
  CHECK(captured.totals.live_blocks == 1);
  CHECK(captured.totals.live_bytes == 50);
  CHECK(captured.totals.peak_bytes == 150);
  CHECK(captured.totals.peak_blocks == 2);
  CHECK(captured.totals.temporary_allocations == 0);

  const Site& born = site_of(captured, here);
  CHECK(captured.hook_names[born.hook] == "calloc");
  CHECK(born.allocations == 2);
  CHECK(born.live_bytes == 50);
  CHECK(born.peak_bytes == 150);
  CHECK(born.peak_blocks == 2);
  CHECK(born.frees == 0);
  CHECK(born.min_size == 50);
  CHECK(born.max_size == 100);
  CHECK(born.size_divisor == 50);
  CHECK(born.highest_heap == 150);
  CHECK(born.size_histogram == Histogram{{6, 1}, {7, 1}});
  const Site& died = site_of(captured, there);
  CHECK(captured.hook_names[died.hook] == "free");
  CHECK(died.allocations == 0);
  CHECK(died.frees == 1);
  CHECK(died.freed_bytes == 100);
  CHECK(died.highest_heap == 50);

  CHECK(thread_of(captured, 11).allocated_bytes == 150);
  CHECK(thread_of(captured, 11).live_bytes == 50);
  CHECK(thread_of(captured, 11).peak_bytes == 150);
  CHECK(thread_of(captured, 12).freed_bytes == 100);
  CHECK(thread_of(captured, 12).live_bytes == 0);
}

TEST_CASE("a block is temporary when its own thread frees it before it allocates again") {
  EngineFixture fixture;
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1);
  one.alloc(0xa000, 8, 0, 10);
  two.alloc(0xb000, 8, 0, 11);  // another thread's allocation does not matter
  one.free(0xa000, 0, 12);      // temporary
  one.alloc(0xa000, 8, 0, 20);
  two.free(0xa000, 0, 21);  // another thread
  one.alloc(0xc000, 8, 0, 30);
  one.alloc(0xd000, 8, 0, 31);
  one.free(0xc000, 0, 32);  // not the latest
  one.free(0xd000, 0, 33);  // temporary: no allocation in between
  one.alloc_fail(8, 0, 34);

  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.temporary_allocations == 2);
  CHECK(thread_of(captured, 11).temporary_allocations == 2);
  CHECK(thread_of(captured, 12).temporary_allocations == 0);
  CHECK(captured.totals.failed_allocations == 1);
}

TEST_CASE("an address that another thread allocates again is not this thread's temporary block") {
  EngineFixture fixture;
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1);
  one.alloc(0xa000, 8, 0, 10);
  two.free(0xa000, 0, 11);
  two.alloc(0xa000, 8, 0, 12);
  one.free(0xa000, 0, 13);
  CHECK(fixture.finish().totals.temporary_allocations == 0);
}

TEST_CASE("realloc is one free and one allocation and holds one block at a time") {
  EngineFixture fixture;
  const auto first = fixture.target.add_stack({0x1000});
  const auto again = fixture.target.add_stack({0x2000});
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, first, 10);
  ring.realloc_begin(0xa000, 300, again, 20);
  ring.realloc_end(0xb000, 300, again, 21);

  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.allocations == 2);
  CHECK(captured.totals.frees == 1);
  CHECK(captured.totals.peak_bytes == 300);
  CHECK(captured.totals.peak_blocks == 1);
  CHECK(captured.totals.live_bytes == 300);
  CHECK(captured.totals.temporary_allocations == 1);
  CHECK(site_of(captured, first).live_bytes == 0);
  CHECK(site_of(captured, first).peak_bytes == 0);
  CHECK(site_of(captured, again).live_bytes == 300);
  CHECK(site_of(captured, again).peak_bytes == 300);
  CHECK(site_of(captured, again).frees == 1);
  CHECK(site_of(captured, again).freed_bytes == 100);
  CHECK(captured.hook_names[site_of(captured, again).hook] == "realloc");
}

TEST_CASE("realloc to size 0 only frees") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, 0, 10);
  ring.realloc_begin(0xa000, 0, 0, 20);
  ring.realloc_end(0, 0, 0, 21);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.allocations == 1);
  CHECK(captured.totals.frees == 1);
  CHECK(captured.totals.live_blocks == 0);
}

TEST_CASE("a realloc that fails leaves the block as it was") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, 0, 10);
  ring.realloc_begin(0xa000, kGiB, 0, 20);
  SECTION("in one batch") {}
  SECTION("in two batches") { fixture.engine.drain(); }
  ring.realloc_fail(0xa000, kGiB, 0, 21);
  ring.free(0xa000, 0, 22);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.failed_allocations == 1);
  CHECK(captured.totals.allocations == 1);
  CHECK(captured.totals.frees == 1);
  CHECK(captured.totals.freed_bytes == 100);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
}

TEST_CASE("between begin and end of a realloc the old address may belong to another thread") {
  EngineFixture fixture;
  FakeRing one(fixture.target, 11, 1), two(fixture.target, 12, 1);
  one.alloc(0xa000, 100, 0, 10);
  one.realloc_begin(0xa000, 200, 0, 20);
  two.alloc(0xa000, 40, 0, 21);  // the moving realloc has freed it inside the allocator
  SECTION("in one batch") {}
  SECTION("in two batches") { fixture.engine.drain(); }
  one.realloc_end(0xb000, 200, 0, 22);
  two.free(0xa000, 0, 23);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_bytes == 200);
  CHECK(captured.totals.live_blocks == 1);
  CHECK(captured.totals.peak_bytes == 240);
  CHECK(fixture.engine.accounts().missed_frees() == 0);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
  CHECK(thread_of(captured, 12).live_bytes == 0);
}

TEST_CASE("a process killed inside a realloc still had the old block") {
  EngineFixture fixture;
  const auto stack = fixture.target.add_stack({0x1000});
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, stack, 10);
  ring.realloc_begin(0xa000, 200, 0, 20);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_bytes == 100);
  CHECK(captured.totals.live_blocks == 1);
  CHECK(captured.totals.frees == 0);
  CHECK(site_of(captured, stack).live_bytes == 100);
  CHECK(fixture.engine.damage().sum() == 0);
}

TEST_CASE("a signal handler may realloc inside a realloc") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, 0, 10);
  ring.alloc(0xb000, 10, 0, 11);
  ring.realloc_begin(0xa000, 200, 0, 20);
  ring.realloc_begin(0xb000, 20, 0, 21);
  ring.realloc_end(0xb000, 20, 0, 22);
  ring.realloc_end(0xc000, 200, 0, 23);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_bytes == 220);
  CHECK(captured.totals.freed_bytes == 110);
  CHECK(fixture.engine.damage().sum() == 0);
}

TEST_CASE("reallocs that never end are given up, the oldest first") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  for (std::uint64_t i = 0; i < 100; ++i) {
    ring.alloc(0xa000 + i * 16, 1, 0, 10 + 2 * i);
    ring.realloc_begin(0xa000 + i * 16, 2, 0, 11 + 2 * i);
  }
  ring.realloc_end(0xf000, 2, 0, 1000);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_blocks == 100);
  CHECK(captured.totals.live_bytes == 101);
  CHECK(fixture.engine.damage().sum() == 0);
}

TEST_CASE("a ring that another thread takes over forgets its former owner's realloc and latest block") {
  EngineFixture fixture;
  FakeRing former(fixture.target, 11, 1);
  former.alloc(0xa000, 100, 0, 10);
  former.realloc_begin(0xa000, 200, 0, 11);
  former.realloc_end(0xb000, 200, 0, 12);
  former.realloc_begin(0xb000, 300, 0, 13);
  FakeRing latter(fixture.target, former.index(), 12, 20);
  latter.free(0xb000, 0, 21);  // inside the realloc that never ended: known to nobody
  latter.alloc(0xc000, 1, 0, 22);
  latter.free(0xc000, 0, 23);
  const CapturedProcess captured = fixture.finish();
  CHECK(thread_of(captured, 11).live_bytes == 200);
  CHECK(thread_of(captured, 11).temporary_allocations == 1);
  CHECK(thread_of(captured, 12).allocations == 1);
  CHECK(thread_of(captured, 12).temporary_allocations == 1);
  CHECK(fixture.engine.accounts().unknown_frees() == 1);
}

TEST_CASE("a free of an unknown block changes no figure") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.free(0xa000, fixture.target.add_stack({0x1000}), 10);
  ring.realloc_begin(0xb000, 10, 0, 11);
  ring.realloc_end(0xc000, 10, 0, 12);
  ring.realloc_begin(0xd000, 10, 0, 13);
  ring.realloc_fail(0xd000, 10, 0, 14);
  const CapturedProcess captured = fixture.finish();
  CHECK(fixture.engine.accounts().unknown_frees() == 2);
  CHECK(captured.totals.frees == 0);
  CHECK(captured.totals.live_bytes == 10);
  CHECK(captured.sites.size() == 1);
}

TEST_CASE("an address that is handed out again without a free was freed behind our back") {
  EngineFixture fixture;
  const auto first = fixture.target.add_stack({0x1000});
  const auto second = fixture.target.add_stack({0x2000});
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 100, first, 10);
  ring.alloc(0xa000, 30, second, 20);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.capture.missed_frees == 1);
  CHECK(captured.totals.frees == 1);
  CHECK(captured.totals.freed_bytes == 100);
  CHECK(captured.totals.live_bytes == 30);
  CHECK(captured.totals.temporary_allocations == 0);
  CHECK(site_of(captured, first).live_blocks == 0);
  CHECK(site_of(captured, first).lifetime_histogram.empty());
  CHECK(site_of(captured, second).frees == 0);
  CHECK(thread_of(captured, 11).frees == 0);
}

TEST_CASE("sizes of 4 GiB and more keep all their bits") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  const std::uint64_t sizes[] = {4 * kGiB - 2, 4 * kGiB - 1, 4 * kGiB, 8 * kGiB + 5, (kGiB << 20) + 1};
  std::uint64_t sum = 0, address = 0xa000, ticks = 10;
  for (const std::uint64_t size : sizes) {
    ring.alloc(address += 16, size, 0, ticks += 10);
    sum += size;
  }
  ring.skip(ticks += 10);
  CHECK(fixture.engine.drain() == 5);
  CHECK(fixture.engine.live_bytes() == sum);
  address = 0xa000;
  for ([[maybe_unused]] const std::uint64_t size : sizes) ring.free(address += 16, 0, ticks += 10);
  ring.alloc(0xa010, 1, 0, ticks += 10);  // no upper half is left over
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.freed_bytes == sum);
  CHECK(captured.totals.live_bytes == 1);
  CHECK(captured.totals.peak_bytes == sum);
  CHECK(captured.sites.front().max_size == (kGiB << 20) + 1);
}

TEST_CASE("a ring may end between an extension and its event") {
  EngineFixture fixture(1, {4, 8, 4, 64, 64});
  FakeRing ring(fixture.target, 11, 1);
  for (std::uint64_t i = 0; i < 40; ++i) {
    ring.alloc(0xa000 + i * 16, 4 * kGiB + i, 0, 10 * (i + 1));
    fixture.engine.drain();
  }
  CHECK(fixture.engine.live_bytes() == 40 * 4 * kGiB + 780);
  CHECK(fixture.engine.damage().sum() == 0);
}

TEST_CASE("zero-size blocks are blocks") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 0, 0, 10);
  ring.alloc(0xa010, 24, 0, 20);
  ring.alloc(0xa030, 36, 0, 30);
  const CapturedProcess captured = fixture.finish();
  const Site& site = captured.sites.front();
  CHECK(captured.totals.live_blocks == 3);
  CHECK(site.min_size == 0);
  CHECK(site.max_size == 36);
  CHECK(site.size_divisor == 12);
  CHECK(site.size_histogram == Histogram{{0, 1}, {5, 1}, {6, 1}});
}

TEST_CASE("lifetimes are counted by powers of two of nanoseconds") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 1, 0, 1024);
  ring.alloc(0xb000, 1, 0, 1024);
  ring.alloc(0xc000, 1, 0, 1024);
  ring.free(0xa000, 0, 1024 + 1000);
  ring.free(0xb000, 0, 1024 + 1'000'000);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.sites.front().lifetime_histogram == Histogram{{10, 1}, {20, 1}});
}

TEST_CASE("mapped ranges are no heap") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0x7f0000000000, 1 << 20, 0, 10, wire::Hook::kMmap);
  ring.event(20, wire::Operation::kFree, wire::Hook::kMunmap, 0x7f0000000000, 1 << 20, 0);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.events() == 0);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
  CHECK(captured.sites.empty());
}

}  // namespace
}  // namespace memprof::collect
