// What one event costs inside the program: the library's own recording, without the allocator and without its hooks,
// while a thread empties the rings.
//
//   same_stack     each event comes from where the last one came from: the memo holds the whole stack
//   changed_leaf   each event comes from another call site in the last two frames; the others are in the memo
//   changed_stack  each event comes from another stack: nearly all frames are walked anew
//
// stacks:0 is the floor: the same calls and records without walking stacks. Look at the CPU column: processor time of
// the recording threads per event; the time column also has what they waited.

#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "preload/process.hpp"
#include "preload/recorder.hpp"
#include "tests/unit/preload/test_collector.hpp"

namespace memprof::preload {
namespace {

constexpr wire::Capacity kCapacity{64, 1u << 15, 64, 1u << 14, 1u << 20};

/// Empties the rings as the collector does, but throws the records away.
class Drainer {
 public:
  Drainer() : collector_(kCapacity) {
    collector_.header().clock_source = wire::ClockSource::kTsc;
    if (!attach_process()) {
      std::fprintf(stderr, "recorder_bench: the library could not be attached to its collector\n");
      std::exit(1);
    }
    thread_ = std::thread([this] {
      while (!stopping_.load(std::memory_order_relaxed)) {
        const std::uint32_t used = collector_.header().rings_used.load(std::memory_order_acquire);
        for (std::uint32_t ring = 0; ring < used; ++ring) drain(ring);
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  ~Drainer() {
    stopping_ = true;
    thread_.join();
  }
  Drainer(const Drainer&) = delete;
  Drainer& operator=(const Drainer&) = delete;

 private:
  void drain(std::uint32_t index) {
    collector_.drain(index);
    wire::RingHeader& ring = collector_.ring(index);
    if (ring.producer_waits.load() != 0) ::syscall(SYS_futex, &ring.drained, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }

  test::TestCollector collector_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Calls `body` below `frames` frames of its own. Which of two call sites each goes through is a bit of `path`.
template <typename Body>
[[gnu::noinline]] void descend(long frames, std::uint64_t path, const Body& body) {
  if (frames <= 1) {
    body();
  } else if ((path & 1) != 0) {
    descend(frames - 1, path >> 1, body);
    asm volatile("" : : : "memory");  // keeps the call from becoming a jump, and the two from becoming one
  } else {
    descend(frames - 1, path >> 1, body);
    asm volatile("nop" : : : "memory");
  }
}

/// In the place of a hook.
[[gnu::noinline]] void event() {
  const CallerRegisters caller = caller_registers();
  static char block;
  record(wire::Operation::kAlloc, wire::Hook::kMalloc, &block, 16, caller);
}

/// The second argument of each benchmark: whether stacks are walked. All threads of a run agree.
void choose_floor(const benchmark::State& state) {
  if (state.thread_index() == 0) g_region.max_depth = state.range(1) != 0 ? 64 : 0;
}

void same_stack(benchmark::State& state) {
  choose_floor(state);
  descend(state.range(0), 0, [&] {
    for ([[maybe_unused]] auto _ : state) event();
  });
}

void changed_leaf(benchmark::State& state) {
  choose_floor(state);
  std::uint64_t turn = 0;
  descend(state.range(0) - 2, 0, [&] {
    // The last two of the frames change.
    for ([[maybe_unused]] auto _ : state) descend(2, ++turn, [] { event(); });
  });
}

void changed_stack(benchmark::State& state) {
  choose_floor(state);
  std::mt19937_64 random(1);
  std::array<std::uint64_t, 256> paths{};
  for (std::uint64_t& path : paths) path = random();
  std::size_t turn = 0;
  for ([[maybe_unused]] auto _ : state) descend(state.range(0), paths[turn++ % paths.size()], [] { event(); });
}

void arguments(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"depth", "stacks"})->ArgsProduct({{5, 15, 50}, {0, 1}});
}

BENCHMARK(same_stack)->Apply(arguments);
BENCHMARK(changed_leaf)->Apply(arguments);
BENCHMARK(changed_stack)->Apply(arguments);
BENCHMARK(same_stack)->Name("threads")->ArgNames({"depth", "stacks"})->ArgsProduct({{15}, {0, 1}})->ThreadRange(1, 4);

}  // namespace
}  // namespace memprof::preload

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const memprof::preload::Drainer drainer;
  benchmark::RunSpecifiedBenchmarks();
}
