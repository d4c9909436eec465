#pragma once
// An engine on a small region with a fake target, driven step by step with times of the test's choice.

#include <memory>

#include "collect/captured_figures.hpp"
#include "collect/engine.hpp"
#include "collect/shared_region.hpp"
#include "tests/catch.hpp"
#include "tests/unit/collect/fake_target.hpp"

namespace memprof::collect {

inline constexpr wire::Capacity kTestCapacity{32, 1u << 12, 64, 1u << 14, 1u << 16};

inline SharedRegion make_region(const wire::Capacity& capacity = kTestCapacity,
                                wire::FullRing full_ring = wire::FullRing::kWait) {
  RegionOptions options;
  options.capacity = capacity;
  options.max_depth = 64;
  options.full_ring = full_ring;
  Result<SharedRegion> region = SharedRegion::create(options);
  if (!region) throw std::runtime_error(region.error().what);
  return std::move(*region);
}

struct EngineFixture {
  explicit EngineFixture(unsigned resolve_threads = 1, const wire::Capacity& capacity = kTestCapacity,
                         wire::FullRing full_ring = wire::FullRing::kWait)
      : region(make_region(capacity, full_ring)),
        target(region.descriptor(), region.bytes()),
        engine(
            region, [this] { return now; }, EngineOptions{1, 1'000'000, resolve_threads}) {}

  /// Drains, ends, and hands the figures out.
  CapturedProcess finish() {
    while (engine.drain() != 0) {
    }
    engine.finish();
    const StackTree tree = read_stack_tree(region, engine.stacks(), 64, engine.damage());
    CapturedProcess captured;
    const BookedFigures booked{engine.accounts(), engine.stacks(), engine.threads(), engine.mapped(), engine.texts()};
    take_figures(booked, tree, TickClock(wire::ClockSource::kMonotonic), captured);
    captured.take_sites(take_sites(booked));
    return captured;
  }

  std::uint64_t now = std::uint64_t{1} << 40;
  SharedRegion region;
  FakeTarget target;
  Engine engine;
};

/// The site of a stack; a test that asks for a missing one fails.
inline const Site& site_of(const CapturedProcess& captured, wire::StackId stack) {
  for (const Site& site : captured.sites) {
    if (site.stack == stack) return site;
  }
  FAIL("no site has stack " << stack);
  throw std::logic_error("unreachable");
}

inline const Thread& thread_of(const CapturedProcess& captured, std::int32_t tid) {
  for (const Thread& thread : captured.threads) {
    if (thread.tid == tid) return thread;
  }
  FAIL("no thread has tid " << tid);
  throw std::logic_error("unreachable");
}

}  // namespace memprof::collect
