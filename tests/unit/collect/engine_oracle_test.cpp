// Random programs: the engine against brute force, every column of every site and thread.

#include "tests/unit/collect/engine_fixture.hpp"
#include "tests/unit/collect/oracle.hpp"

namespace memprof::collect {
namespace {

constexpr wire::Capacity kCapacity{8, 1u << 12, 8, 1024, 1u << 10};

Histogram histogram(const std::map<std::uint32_t, std::uint64_t>& counts) {
  Histogram bins;
  for (const auto& [bucket, count] : counts) bins.push_back({bucket, count});
  return bins;
}

void check_totals(const Totals& found, const Oracle::Figures& expected) {
  REQUIRE(found.allocations == expected.allocations);
  REQUIRE(found.frees == expected.frees);
  REQUIRE(found.allocated_bytes == expected.allocated_bytes);
  REQUIRE(found.freed_bytes == expected.freed_bytes);
  REQUIRE(found.live_blocks == expected.live_blocks);
  REQUIRE(found.live_bytes == expected.live_bytes);
  REQUIRE(found.peak_blocks == expected.peak_blocks);
  REQUIRE(found.peak_bytes == expected.peak_bytes);
  REQUIRE(found.temporary_allocations == expected.temporary);
  REQUIRE(found.failed_allocations == expected.failed);
}

void check_site(const Site& found, const Oracle::Figures& expected) {
  REQUIRE(found.allocations == expected.allocations);
  REQUIRE(found.allocated_bytes == expected.allocated_bytes);
  REQUIRE(found.live_blocks == expected.live_blocks);
  REQUIRE(found.live_bytes == expected.live_bytes);
  REQUIRE(found.peak_blocks == expected.peak_blocks);
  REQUIRE(found.peak_bytes == expected.peak_bytes);
  REQUIRE(found.temporary_allocations == expected.temporary);
  REQUIRE(found.failed_allocations == expected.failed);
  REQUIRE(found.min_size == expected.min);
  REQUIRE(found.max_size == expected.max);
  REQUIRE(found.size_divisor == expected.divisor);
  REQUIRE(found.frees == expected.frees);
  REQUIRE(found.freed_bytes == expected.freed_bytes);
  REQUIRE(found.highest_heap == expected.highest);
  REQUIRE(found.size_histogram == histogram(expected.sizes));
  REQUIRE(found.lifetime_histogram == histogram(expected.lifetimes));
}

void check_thread(const Thread& found, const Oracle::Figures& expected) {
  REQUIRE(found.allocations == expected.allocations);
  REQUIRE(found.allocated_bytes == expected.allocated_bytes);
  REQUIRE(found.frees == expected.frees);
  REQUIRE(found.freed_bytes == expected.freed_bytes);
  REQUIRE(found.live_blocks == expected.live_blocks);
  REQUIRE(found.live_bytes == expected.live_bytes);
  REQUIRE(found.peak_blocks == expected.peak_blocks);
  REQUIRE(found.peak_bytes == expected.peak_bytes);
  REQUIRE(found.temporary_allocations == expected.temporary);
}

void check(const EngineFixture& fixture, const CapturedProcess& captured, const Oracle& oracle) {
  REQUIRE(fixture.engine.accounts().unknown_frees() == 0);
  REQUIRE(captured.capture.missed_frees == 0);
  check_totals(captured.totals, oracle.totals);
  REQUIRE(captured.sites.size() == oracle.sites.size());
  std::uint64_t peak = 0;
  for (const auto& [stack, figures] : oracle.sites) {
    check_site(site_of(captured, stack), figures);
    peak += site_of(captured, stack).peak_bytes;
  }
  REQUIRE(peak == captured.totals.peak_bytes);
  for (const auto& [tid, figures] : oracle.threads) {
    check_thread(thread_of(captured, static_cast<std::int32_t>(tid)), figures);
  }
}

void run(std::uint64_t seed, unsigned threads, unsigned stacks, unsigned steps) {
  CAPTURE(seed);
  EngineFixture fixture(1, kCapacity);
  Oracle oracle;
  RandomProgram program(seed, fixture.target, oracle, threads, stacks);
  std::mt19937_64 random(seed + 1);
  const std::uint64_t drain_every = 1 + random() % 500;
  for (unsigned i = 0; i < steps; ++i) {
    program.step();
    if (random() % drain_every == 0) fixture.engine.drain();
  }
  const CapturedProcess captured = fixture.finish();
  REQUIRE(fixture.engine.damage().sum() == 0);
  check(fixture, captured, oracle);
}

TEST_CASE("random programs get the figures that brute force finds") {
  for (unsigned seed = 0; seed < 2000; ++seed) run(seed, 1 + seed % 5, 1 + seed % 7, 10 + seed % 300);
}

TEST_CASE("long random programs get the figures that brute force finds") {
  for (unsigned seed = 0; seed < 5; ++seed) run(1000000 + seed, 7, 40, 3000);
}

}  // namespace
}  // namespace memprof::collect
