// Events per second of the collector alone, fed from a region that was recorded before: one core, no target running.
//
//   steady heap: a random live block is freed, a new one allocated; `live` blocks at any time
//   growing heap: allocations only; memory per live block at the end
//
// Time is processor time of this thread, so a busy machine does not change it much.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <stdexcept>
#include <vector>

#include "collect/engine.hpp"
#include "tests/unit/collect/fake_target.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint32_t kRings = 4;
constexpr std::uint32_t kSites = 2000;
constexpr wire::Capacity kCapacity{kRings, 1u << 18, 16, 4096, 1u << 16};

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

SharedRegion make_region() {
  RegionOptions options;
  options.capacity = kCapacity;
  options.max_depth = 64;
  Result<SharedRegion> region = SharedRegion::create(options);
  if (!region) throw std::runtime_error(region.error().what);
  return std::move(*region);
}

/// A program with a heap of a given size. Addresses are those of a size-class allocator: 16 apart, reused at random.
class Feeder {
 public:
  explicit Feeder(const FakeTarget& target) : target_(target) {
    for (std::uint32_t i = 0; i < kSites; ++i) stacks_.push_back(target.add_stack({0x1000 + 16 * i}));
    for (std::uint32_t i = 0; i < kRings; ++i) rings_.emplace_back(target, 100 + i, ++ticks_);
  }

  std::uint64_t ticks() const { return ticks_; }

  void allocate() {
    live_.push_back(next_address_);
    allocate_at(next_address_);
    next_address_ += 16 + 16 * (random_() % 4);
  }
  /// Two events.
  void replace() {
    std::uint64_t& block = live_[random_() % live_.size()];
    ring().free(block, stack(), ++ticks_);
    allocate_at(block);
    std::swap(block, live_[random_() % live_.size()]);
  }
  /// Two events, the block right away.
  void temporary() {
    FakeRing& ring = rings_[random_() % kRings];
    ring.alloc(next_address_, 64, stack(), ++ticks_);
    ring.free(next_address_, stack(), ++ticks_);
  }
  bool room() const {
    return std::all_of(rings_.begin(), rings_.end(), [](const FakeRing& ring) { return ring.room() > 8; });
  }
  std::size_t live() const { return live_.size(); }

 private:
  void allocate_at(std::uint64_t address) { ring().alloc(address, 16 + 8 * (random_() % 32), stack(), ++ticks_); }
  /// Threads run for a while before another one gets its turn.
  FakeRing& ring() {
    if (random_() % 8 == 0) turn_ = random_() % kRings;
    return rings_[turn_];
  }
  wire::StackId stack() { return stacks_[random_() % kSites]; }

  const FakeTarget& target_;
  std::mt19937_64 random_{1};
  std::vector<wire::StackId> stacks_;
  std::vector<FakeRing> rings_;
  std::vector<std::uint64_t> live_;
  std::uint64_t next_address_ = 0x5555'5000'0000;
  std::uint64_t ticks_ = 0;
  std::size_t turn_ = 0;
};

struct Bench {
  explicit Bench(unsigned threads) : engine(region, [this] { return feeder.ticks(); }, {1, 1'000'000, threads}) {}

  void grow(std::size_t live) {
    while (feeder.live() < live) {
      while (feeder.live() < live && feeder.room()) feeder.allocate();
      engine.drain();
    }
  }

  SharedRegion region = make_region();
  FakeTarget target{region.descriptor(), region.bytes()};
  Feeder feeder{target};
  Engine engine;
};

void report(benchmark::State& state, std::uint64_t events) {
  state.counters["events/s"] = benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

void steady_heap(benchmark::State& state) {
  Bench bench(static_cast<unsigned>(state.range(1)));
  bench.grow(static_cast<std::size_t>(state.range(0)));
  std::uint64_t events = 0;
  for ([[maybe_unused]] auto _ : state) {
    while (bench.feeder.room()) bench.feeder.replace();
    const double begin = processor_seconds();
    events += bench.engine.drain();
    state.SetIterationTime(processor_seconds() - begin);
  }
  report(state, events);
}
BENCHMARK(steady_heap)
    ->ArgNames({"live", "threads"})
    ->ArgsProduct({{10'000, 1'000'000, 10'000'000}, {1}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void temporary_blocks(benchmark::State& state) {
  Bench bench(1);
  bench.grow(1'000'000);
  std::uint64_t events = 0;
  for ([[maybe_unused]] auto _ : state) {
    while (bench.feeder.room()) bench.feeder.temporary();
    const double begin = processor_seconds();
    events += bench.engine.drain();
    state.SetIterationTime(processor_seconds() - begin);
  }
  report(state, events);
}
BENCHMARK(temporary_blocks)->UseManualTime()->Unit(benchmark::kMillisecond);

void growing_heap(benchmark::State& state) {
  std::uint64_t events = 0;
  double bytes_per_block = 0;
  for ([[maybe_unused]] auto _ : state) {
    Bench bench(1);
    double seconds = 0;
    while (bench.feeder.live() < static_cast<std::size_t>(state.range(0))) {
      while (bench.feeder.live() < static_cast<std::size_t>(state.range(0)) && bench.feeder.room()) {
        bench.feeder.allocate();
      }
      const double begin = processor_seconds();
      events += bench.engine.drain();
      seconds += processor_seconds() - begin;
    }
    state.SetIterationTime(seconds);
    bytes_per_block =
        static_cast<double>(bench.engine.live_set().bytes()) / static_cast<double>(bench.engine.live_set().size());
  }
  report(state, events);
  state.counters["bytes/block"] = bytes_per_block;
}
BENCHMARK(growing_heap)
    ->ArgName("live")
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace memprof::collect

BENCHMARK_MAIN();
