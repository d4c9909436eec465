// Regions that no intact target writes: counted, worked around, never followed.

#include <random>

#include "collect/code_so_far.hpp"
#include "collect/module_watch.hpp"
#include "collect/target_files.hpp"
#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

constexpr wire::Capacity kSmall{4, 1u << 6, 8, 256, 256};

TEST_CASE("a head beyond the ring's size is damage, and the ring goes on from there") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 1, 0, 10);
  fixture.engine.drain();
  fixture.target.ring(0).head += 1000;
  fixture.engine.drain();
  CHECK(fixture.engine.damage().cursors == 1);
  FakeRing again(fixture.target, 0, 11, 20);
  again.alloc(0xb000, 2, 0, 21);
  CHECK(fixture.finish().totals.live_bytes == 3);
  CHECK(fixture.engine.damage().sum() == 1);
}

TEST_CASE("a head that goes backwards is damage") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  for (std::uint64_t i = 0; i < 20; ++i) ring.alloc(0xa000 + i * 16, 1, 0, 10 + i);
  fixture.engine.drain();
  fixture.target.ring(0).head = 3;
  CHECK(fixture.engine.drain() == 0);
  CHECK(fixture.engine.damage().cursors == 1);
  CHECK(fixture.finish().totals.live_blocks == 20);
}

TEST_CASE("records of no kind or without an address are skipped") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  ring.put(10, wire::Operation::kAlloc, 30, 0xa000, 1, 0);
  ring.put(11, wire::Operation::kAlloc, 0, 0, 1, 0);
  ring.put(12, wire::Operation::kFree, 7, 0, 0, 0);
  ring.put(13, wire::Operation::kMark, 9, 5, 0, 0);
  ring.put(14, wire::Operation::kMark, 0, std::uint64_t{1} << 40, 0, 0);
  ring.put(15, wire::Operation::kExtension, 0, std::uint64_t{1} << 40, 0, 0);
  ring.put(16, wire::Operation::kReallocEnd, 2, 0xb000, 6, 0);  // without a begin: an allocation all the same
  ring.publish();
  const CapturedProcess captured = fixture.finish();
  CHECK(fixture.engine.damage().records == 7);
  CHECK(captured.totals.allocations == 1);
  CHECK(captured.totals.live_bytes == 6);
}

TEST_CASE("times that fall or lie in the future are counted and made to rise") {
  EngineFixture fixture(1, kSmall);
  fixture.now = 1'000'000'000;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 1, 0, 500'000'000);
  ring.alloc(0xb000, 1, 0, 100);                           // before its predecessor
  ring.alloc(0xc000, 1, 0, (std::uint64_t{1} << 56) - 1);  // thousands of years ahead
  ring.alloc(0xd000, 1, 0, 600'000'000);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_blocks == 4);
  CHECK(fixture.engine.damage().times >= 2);
  REQUIRE(!captured.timeline.empty());
  CHECK(captured.timeline.back().time_s <= 1.0);
}

TEST_CASE("a fail of another address than its begin puts the begun block back") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 1, 0, 10);
  ring.realloc_begin(0xa000, 5, 0, 11);
  ring.realloc_fail(0xbbbb, 5, 0, 12);
  ring.free(0xa000, 0, 13);
  CHECK(fixture.finish().totals.live_blocks == 0);
  CHECK(fixture.engine.damage().records == 1);
}

TEST_CASE("stacks out of range, missing, cyclic or of no module end in the lost root") {
  EngineFixture fixture(1, kSmall);
  const auto good = fixture.target.add_stack({0x1000});
  const auto cyclic = fixture.target.add_node(0, 0x2000, 0);
  const auto child = fixture.target.add_node(cyclic, 0x3000, 0);
  fixture.target.node(cyclic).parent = child;
  const auto self = fixture.target.add_node(0, 0x4000, 0);
  fixture.target.node(self).parent = self;
  const auto of_no_module = fixture.target.add_node(0, 0x5000, 999);
  const auto empty = fixture.target.add_node(0, 0, 0);
  FakeRing ring(fixture.target, 11, 1);
  std::uint64_t address = 0xa000;
  for (const wire::StackId stack : {good, child, self, of_no_module, empty, wire::StackId{200}, ~wire::StackId{0}}) {
    address += 16;
    ring.alloc(address, 1, stack, address);
  }
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.totals.live_blocks == 7);
  CHECK(captured.capture.lost_stacks == 6);
  CHECK(fixture.engine.damage().stacks == 6);
  CHECK(site_of(captured, wire::kRootLost).live_blocks == 2);
}

TEST_CASE("code so far is that of one module's nodes, each call once") {
  EngineFixture fixture(1, kSmall);
  const auto one = fixture.target.add_module("/lib/one.so", 0x1000, 0x3000, 0x1000);
  const auto two = fixture.target.add_module("/lib/two.so", 0x5000, 0x6000, 0x5000);
  const auto outer = fixture.target.add_stack({0x2010}, one);
  const auto inner = fixture.target.add_node(outer, 0x1808, one);
  fixture.target.add_node(inner, 0x5100, two);
  fixture.target.add_node(inner, 0x2010, one);
  fixture.target.add_node(inner, 0x1000, one);  // damaged: not behind any call
  CHECK(code_so_far(fixture.region, one, 0x1000) == std::vector<std::uint64_t>{0x807, 0x100f});
  CHECK(code_so_far(fixture.region, two, 0x5000) == std::vector<std::uint64_t>{0xff});
  fixture.target.header().nodes_used = 1'000'000'000;
  CHECK(code_so_far(fixture.region, two, 0x5000) == std::vector<std::uint64_t>{0xff});
  CHECK(code_so_far(fixture.region, two, UINT64_MAX).empty());
}

TEST_CASE("module records out of range are counted") {
  EngineFixture fixture(1, kSmall);
  const TargetFiles files;
  ModuleWatch watch(fixture.region, files, fixture.engine.damage());
  fixture.target.add_module("/lib/good.so", 0x1000, 0x2000, 0x1000);
  const auto path = fixture.target.add_module("/lib/x.so", 0x3000, 0x4000, 0x3000);
  fixture.target.module(path).path_offset = 250;
  fixture.target.module(path).path_bytes = 7;
  const auto id = fixture.target.add_module("/lib/y.so", 0x3000, 0x4000, 0x3000);
  fixture.target.module(id).build_id_bytes = 33;
  fixture.target.header().modules_used = 1'000'000;  // the rest never becomes ready
  std::vector<std::uint32_t> loaded;
  watch.on_load([&](std::uint32_t index, const CapturedModule&) { loaded.push_back(index); });
  watch.look();
  watch.look();
  CHECK(loaded == std::vector<std::uint32_t>{1, 2, 3});
  const std::vector<CapturedModule> modules = watch.take();
  REQUIRE(modules.size() == kSmall.module_capacity);
  CHECK(modules[1].path == "/lib/good.so");
  CHECK(modules[1].build_id == "ab0c");
  CHECK(modules[1].bias == 0x1000);
  CHECK(modules[2].path == "?");
  CHECK(modules[3].build_id.size() == 64);
  CHECK(fixture.engine.damage().modules == 2);
}

TEST_CASE("random bytes in the whole region do no harm") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    std::mt19937_64 random(seed);
    EngineFixture fixture(1, kSmall);
    const TargetFiles files;
    ModuleWatch watch(fixture.region, files, fixture.engine.damage());
    auto* words = reinterpret_cast<std::uint64_t*>(fixture.target.bytes());
    const std::uint64_t count = fixture.region.bytes() / 8;
    const bool few_bits = seed % 2 == 0;  // small numbers look like plausible ones
    for (int round = 0; round < 10; ++round) {
      for (std::uint64_t i = 0; i < count; ++i) {
        if (random() % 4 != 0) words[i] = few_bits ? random() & random() & 0xff'0000'00ff : random();
      }
      if (round == 5) fixture.target.ring(0).head = fixture.target.ring(0).head + 20;
      watch.look();
      fixture.engine.drain();
    }
    const CapturedProcess captured = fixture.finish();
    for (const Site& site : captured.sites) REQUIRE(site.stack < kSmall.node_capacity);
    REQUIRE(watch.take().size() <= kSmall.module_capacity);
    REQUIRE(fixture.engine.damage().sum() > 0);  // which makes the verdict partial
  }
}

TEST_CASE("after a hundred thousand pieces of damage nothing more is read, and no producer waits for good") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  for (int i = 0; i < 110'000; ++i) {
    ring.event(10, wire::Operation::kAlloc, static_cast<wire::Hook>(30), 0xa000, 1, 0);
    if (i % 32 == 0) fixture.engine.drain();
  }
  fixture.engine.drain();
  CHECK(fixture.engine.damage().records > 100'000);
  CHECK(fixture.engine.damage().records < 110'000);
  ring.alloc(0xb000, 5, 0, 20);
  fixture.engine.drain();
  CHECK(ring.room() == 64);
  CHECK(fixture.finish().totals.allocations == 0);
}

TEST_CASE("a tail that the target wrote over is put right when its producer waits for room") {
  EngineFixture fixture(1, kSmall);
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0xa000, 1, 0, 10);
  fixture.engine.drain();
  const std::uint64_t tail = fixture.target.ring(0).tail;
  fixture.target.ring(0).tail = 12345;
  fixture.engine.drain();
  CHECK(fixture.target.ring(0).tail == 12345);  // nobody minds
  fixture.target.ring(0).producer_waits = 1;
  fixture.engine.drain();
  CHECK(fixture.target.ring(0).tail == tail);
  CHECK(fixture.engine.damage().cursors == 1);
}

TEST_CASE("a number of nodes for which the tree has no memory is not believed") {
  constexpr wire::Capacity kLarge{2, 1u << 6, 8, 256, 1u << 24};
  EngineFixture fixture(1, kLarge);
  FakeRing ring(fixture.target, 11, 1);
  const wire::StackId good = fixture.target.add_stack({0x1000, 0x2000});
  fixture.target.header().nodes_used = ~0u;
  ring.alloc(0xa000, 1, good, 10);
  ring.alloc(0xb000, 1, 1u << 23, 11);
  const CapturedProcess captured = fixture.finish();
  CHECK(site_of(captured, good).live_blocks == 1);
  CHECK(fixture.engine.damage().stacks == 1);
  CHECK(fixture.engine.stacks().size() == 2);
}

TEST_CASE("random records behind plausible heads do no harm") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    std::mt19937_64 random(seed);
    EngineFixture fixture(1, kSmall);
    std::vector<FakeRing> rings;
    for (std::uint32_t i = 0; i < 3; ++i) rings.emplace_back(fixture.target, 100 + i, 1);
    for (int i = 0; i < 20; ++i)
      fixture.target.add_node(static_cast<wire::StackId>(random() % 30), random() & 0xffff, 0);
    std::uint64_t ticks = 10;
    for (int round = 0; round < 50; ++round) {
      for (FakeRing& ring : rings) {
        for (int i = 0; i < 20; ++i) {
          const std::uint64_t address = random() % 8 * 16;
          ring.put(wire::Record::make(ticks += random() % 100, static_cast<wire::Operation>(random() % 8),
                                      static_cast<std::uint8_t>(random() % 16), address, random() % 100,
                                      static_cast<wire::StackId>(random() % 40)));
        }
        ring.publish();
      }
      fixture.engine.drain();
    }
    const CapturedProcess captured = fixture.finish();
    const Totals& totals = captured.totals;
    REQUIRE(totals.allocations - totals.frees == totals.live_blocks);
    REQUIRE(totals.allocated_bytes - totals.freed_bytes == totals.live_bytes);
    REQUIRE(totals.peak_bytes >= totals.live_bytes);
    std::uint64_t peak = 0, live = 0;
    for (const Site& site : captured.sites) {
      peak += site.peak_bytes;
      live += site.live_bytes;
    }
    REQUIRE(peak == totals.peak_bytes);
    REQUIRE(live == totals.live_bytes);
  }
}

}  // namespace
}  // namespace memprof::collect
