// What the program asks for with marks: pauses, traced figures, names, the state at the peak, where a block is from.

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

using wire::Mark;
using wire::Operation;

void put_mark(FakeRing& ring, Mark mark, std::uint64_t ticks, std::uint64_t address = 0, std::uint64_t size = 0) {
  ring.put(ticks, Operation::kMark, static_cast<std::uint8_t>(mark), address, size, 0);
  ring.publish();
}

void put_unrecorded(FakeRing& ring, Operation operation, std::uint64_t ticks, std::uint64_t address,
                    std::uint64_t size) {
  ring.put(ticks, operation, wire::kUnrecordedHook, address, size, 0);
  ring.publish();
}

wire::TextReference put_text(const EngineFixture& fixture, const std::string& text) {
  const auto bytes = static_cast<std::uint32_t>(text.size());
  const std::uint32_t offset = fixture.target.header().paths_used.fetch_add(bytes);
  std::memcpy(const_cast<char*>(fixture.region.paths()) + offset, text.data(), text.size());
  return wire::TextReference::make(offset, bytes);
}

TEST_CASE("blocks of a pause are in no figure, wherever they are freed, and no free of theirs is unknown") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  FakeRing other(fixture.target, 12, 1);
  ring.alloc(0x1000, 100, 0, 10);
  put_unrecorded(ring, Operation::kAlloc, 11, 0x2000, 1000);
  put_unrecorded(ring, Operation::kAlloc, 12, 0x3000, 1000);
  put_unrecorded(ring, Operation::kAlloc, 13, 0x4000, 1000);
  other.free(0x2000, 0, 20);
  ring.free(0x1000, 0, 21);  // frees count in a pause, too
  // Out of a pause by realloc: a new block of the program's. Into one: the old block is freed.
  ring.realloc_begin(0x3000, 50, 0, 30);
  ring.realloc_end(0x5000, 50, 0, 31);
  ring.alloc(0x6000, 7, 0, 32);
  ring.realloc_begin(0x6000, 70, 0, 33);
  put_unrecorded(ring, Operation::kReallocEnd, 34, 0x6000, 70);
  const CapturedProcess captured = fixture.finish();
  CHECK(fixture.engine.damage().sum() == 0);
  CHECK(captured.totals.allocations == 3);
  CHECK(captured.totals.allocated_bytes == 157);
  CHECK(captured.totals.frees == 2);
  CHECK(captured.totals.freed_bytes == 107);
  CHECK(captured.totals.live_bytes == 50);
  CHECK(captured.totals.peak_bytes == 100);
  CHECK(fixture.engine.accounts().unknown_frees() == 0);
  CHECK(fixture.engine.live_set().size() == 3);
}

TEST_CASE("a block whose address is handed out again in a pause counts as a missed free, the pause's as nothing") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  ring.alloc(0x1000, 100, 0, 10);
  put_unrecorded(ring, Operation::kAlloc, 11, 0x1000, 1000);
  put_unrecorded(ring, Operation::kAlloc, 12, 0x1000, 1000);
  ring.alloc(0x1000, 30, 0, 13);
  const CapturedProcess captured = fixture.finish();
  CHECK(captured.capture.missed_frees == 1);
  CHECK(captured.totals.live_bytes == 30);
}

TEST_CASE("questions are answered with the state at their place among the events") {
  EngineFixture fixture;
  struct Told {
    Mark mark;
    std::uint32_t ring;
    std::uint64_t number, live, peak;
  };
  std::vector<Told> told;
  HeapAccounts& accounts = fixture.engine.accounts();
  accounts.on_request([&](const Event& event) {
    told.push_back({event.mark(), event.site, event.size, accounts.totals().live_bytes, accounts.traced_peak_bytes()});
  });
  FakeRing ring(fixture.target, 11, 1);
  FakeRing other(fixture.target, 12, 1);
  ring.alloc(0x1000, 100, 0, 10);
  other.alloc(0x2000, 50, 0, 20);
  put_mark(other, Mark::kTraced, 25, 0, 7);
  ring.free(0x1000, 0, 30);
  put_mark(ring, Mark::kResetPeak, 31);
  ring.alloc(0x3000, 10, 0, 32);
  ring.free(0x3000, 0, 33);
  put_mark(ring, Mark::kTraced, 34, 0, 8);
  const CapturedProcess captured = fixture.finish();
  REQUIRE(told.size() == 2);
  CHECK(told[0].ring == other.index());
  CHECK(told[0].number == 7);
  CHECK(told[0].live == 150);
  CHECK(told[0].peak == 150);
  CHECK(told[1].live == 50);
  CHECK(told[1].peak == 60);
  CHECK(captured.totals.peak_bytes == 150);  // the profile's own peak stays
}

TEST_CASE("scopes have their names, threads and figures in the profile") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  FakeRing other(fixture.target, 12, 1);
  const std::uint64_t load = put_text(fixture, "load").value, again = put_text(fixture, "load").value;
  put_mark(ring, Mark::kScopeBegin, 10, load);
  ring.alloc(0x1000, 100, 0, 11);
  other.alloc(0x2000, 1000, 0, 12);  // not this thread's
  put_mark(ring, Mark::kScopeEnd, 13, again);
  put_mark(other, Mark::kScopeBegin, 14, again);
  const CapturedProcess captured = fixture.finish();
  REQUIRE(captured.scopes.size() == 2);
  CHECK(captured.scope_names.at(captured.scopes[0].name) == "load");
  CHECK(captured.scopes[0].name == captured.scopes[1].name);
  CHECK(captured.threads.at(captured.scopes[0].thread).tid == 11);
  CHECK(captured.scopes[0].allocated_bytes == 100);
  CHECK(captured.scopes[0].unended_calls == 0);
  CHECK(captured.scopes[1].unended_calls == 1);
  REQUIRE(captured.scope_calls.size() == 2);
  CHECK(captured.scope_calls[0].highest_heap == 100);
}

TEST_CASE("names outside their place are damage, and a full table has a name for the rest") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  put_mark(ring, Mark::kScopeBegin, 10, wire::TextReference::make(fixture.region.path_bytes() - 2, 4).value);
  put_mark(ring, Mark::kScopeBegin, 11, wire::TextReference::make(0, wire::kLongestText + 1).value);
  put_mark(ring, Mark::kScopeBegin, 12, 0);
  const CapturedProcess captured = fixture.finish();
  CHECK(fixture.engine.damage().records == 2);
  REQUIRE(captured.scopes.size() == 3);
  CHECK(captured.scope_names.at(captured.scopes[2].name) == "(too many names)");
}

TEST_CASE("a ring's next owner ends the scopes of the one before") {
  EngineFixture fixture;
  FakeRing ring(fixture.target, 11, 1);
  put_mark(ring, Mark::kScopeBegin, 10, put_text(fixture, "load").value);
  put_mark(ring, Mark::kThread, 20, 12);
  const CapturedProcess captured = fixture.finish();
  REQUIRE(captured.scopes.size() == 1);
  CHECK(captured.scopes[0].unended_calls == 0);
}

TEST_CASE("the block that an address lies in is found, however large it is") {
  LiveSet live;
  Relocations relocations;
  std::vector<Event> events;
  const auto allocate = [&](std::uint64_t address, std::uint64_t size) {
    Event& event = events.emplace_back();
    event.operation = Operation::kAlloc;
    event.address = address;
    event.size = size;
    event.site = static_cast<std::uint32_t>(events.size());
  };
  allocate(0x10000, 24);
  allocate(0x10020, 0);
  allocate(0x10040, 100'000);
  allocate(0x4000'0000, std::uint64_t{5} << 30);
  live.resolve(events, relocations);
  const auto start_of = [&](std::uint64_t address) {
    const auto found = live.containing(address);
    return found ? found->address : 0;
  };
  CHECK(start_of(0x0ffff) == 0);
  CHECK(start_of(0x10000) == 0x10000);
  CHECK(start_of(0x10017) == 0x10000);
  CHECK(start_of(0x10018) == 0);
  CHECK(start_of(0x10020) == 0x10020);
  CHECK(start_of(0x10021) == 0);
  CHECK(start_of(0x10040 + 99'999) == 0x10040);
  CHECK(start_of(0x10040 + 100'000) == 0);
  CHECK(start_of(0x4000'0000 + (std::uint64_t{5} << 30) - 1) == 0x4000'0000);
  CHECK(start_of(0x4000'0000 + (std::uint64_t{5} << 30)) == 0);
  CHECK(live.containing(0x10040 + 5)->block.size == 100'000);
}

/// A random program: allocations, frees, reallocs and failures of two threads at a few stacks.
struct RandomEvents {
  explicit RandomEvents(unsigned seed) : random(seed) {}

  void play(EngineFixture& fixture, std::uint64_t last_tick) {
    std::vector<FakeRing> rings{{fixture.target, 11, 1}, {fixture.target, 12, 1}};
    std::vector<wire::StackId> stacks;
    for (std::uint64_t i = 1; i <= 5; ++i) stacks.push_back(fixture.target.add_stack({i}));
    std::map<std::uint64_t, std::uint64_t> live;
    for (std::uint64_t tick = 10; tick <= last_tick; tick += 2) {
      FakeRing& ring = rings[random() % 2];
      const wire::StackId stack = stacks[random() % stacks.size()];
      const std::uint64_t address = 0x1000 + random() % 40 * 64, size = random() % 500;
      const auto choice = random() % 8;
      if (live.count(address) == 0) {
        live[address] = size;
        ring.alloc(address, size, stack, tick);
      } else if (choice == 0) {
        ring.alloc_fail(size, stack, tick);
      } else if (choice == 1) {
        ring.realloc_begin(address, size, stack, tick);
        ring.realloc_end(address, size, stack, tick + 1);
      } else {
        live.erase(address);
        ring.free(address, stack, tick);
      }
    }
  }
  std::mt19937 random;
};

TEST_CASE("the state at the peak is that of a run that ends there") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    INFO(seed);
    EngineFixture whole;
    whole.engine.accounts().keep_state_at_peak();
    RandomEvents(seed).play(whole, 3000);
    while (whole.engine.drain() != 0) {
    }
    HeapAccounts at_peak = whole.engine.accounts().at_peak();
    const std::uint64_t peak_ticks = at_peak.peak_ticks();

    EngineFixture part;
    RandomEvents(seed).play(part, peak_ticks);
    part.now = peak_ticks;
    while (part.engine.drain() != 0) {
    }
    const CapturedProcess expected = part.finish();
    at_peak.finish(peak_ticks);
    CapturedProcess captured;
    const StackTree tree = read_stack_tree(whole.region, whole.engine.stacks(), 64, whole.engine.damage());
    const BookedFigures booked{at_peak, whole.engine.stacks(), whole.engine.threads(), whole.engine.mapped(),
                               whole.engine.texts()};
    take_figures(booked, tree, TickClock(wire::ClockSource::kMonotonic), captured);
    captured.take_sites(take_sites(booked));
    captured.totals.peak_time_s = expected.totals.peak_time_s;
    CHECK(captured.totals == expected.totals);
    REQUIRE(captured.sites.size() == expected.sites.size());
    for (std::size_t i = 0; i < captured.sites.size(); ++i) CHECK(captured.sites[i] == expected.sites[i]);
    REQUIRE(captured.threads.size() == expected.threads.size());
    for (std::size_t i = 0; i < captured.threads.size(); ++i) CHECK(captured.threads[i] == expected.threads[i]);
    CHECK(captured.timeline.back().live_bytes == expected.timeline.back().live_bytes);
  }
}

}  // namespace
}  // namespace memprof::collect
