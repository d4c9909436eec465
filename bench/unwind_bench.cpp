// What a stack costs in the process: nanoseconds per capture, by depth, by what is remembered, and by threads.
//
//   floor      the hook without a stack
//   same       the stack of the event before
//   turns      two stacks in turns, which differ in their inner three frames
//   new        inner frames that were not there lately, on top of remembered ones: rows and look-ups in the stack tree
//   forgotten  all frames by rows, as on a thread's first event
//   nested     in a signal handler inside a hook: rows only, twice

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstdlib>

#include "preload/unwinder.hpp"
#include "tests/unit/preload/unwind_region.hpp"

namespace {

using namespace memprof::preload;

enum class Pattern { kFloor, kSame, kTurns, kNew, kForgotten, kNested };

struct Thread {
  benchmark::State* state;
  ThreadUnwindState* unwind;
  Pattern pattern;
};
thread_local Thread t_thread;

[[gnu::noinline]] void hook() {
  const CallerRegisters caller = caller_registers();
  if (t_thread.pattern == Pattern::kFloor) {
    benchmark::DoNotOptimize(caller);
    return;
  }
  benchmark::DoNotOptimize(capture_stack(t_thread.unwind, caller, kDepthLimit, g_stacks, g_modules, *g_region.header));
}

[[gnu::noinline]] void inner(int depth) {
  if (depth > 0) {
    inner(depth - 1);
  } else {
    hook();
  }
  asm volatile("");
}

/// The same, with frames of any size: no two calls with different sizes have their frames at the same place.
[[gnu::noinline]] void sized(std::size_t bytes) {
  auto* space = static_cast<char*>(__builtin_alloca(bytes));
  benchmark::DoNotOptimize(space);
  inner(1);
  asm volatile("");
}

[[gnu::noinline]] void measure() {
  benchmark::State& state = *t_thread.state;
  std::size_t bytes = 16;
  while (state.KeepRunningBatch(2)) {
    switch (t_thread.pattern) {
      case Pattern::kTurns:
        inner(1);
        hook();
        break;
      case Pattern::kNew:
        for (int i = 0; i < 2; ++i) {
          bytes = bytes % 65536 + 16;
          sized(bytes);
        }
        break;
      case Pattern::kForgotten:
        for (int i = 0; i < 2; ++i) {
          reset(*t_thread.unwind);
          hook();
        }
        break;
      default:
        for (int i = 0; i < 2; ++i) hook();
    }
  }
}

[[gnu::noinline]] void descend(int depth) {
  if (depth > 0) {
    descend(depth - 1);
  } else {
    measure();
  }
  asm volatile("");
}

void run(benchmark::State& state, Pattern pattern) {
  static test::UnwindRegion region;
  void* const memory = ::mmap(nullptr, kThreadUnwindBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  t_thread = {&state, pattern == Pattern::kNested ? nullptr : make_thread_unwind_state(memory, kThreadUnwindBytes),
              pattern};
  // main and the benchmark's own frames add some.
  descend(static_cast<int>(state.range(0)));
  ::munmap(memory, kThreadUnwindBytes);
}

#define MEMPROF_UNWIND_BENCH(name, pattern) BENCHMARK_CAPTURE(run, name, pattern)->Arg(1)->Arg(8)->Arg(43)
MEMPROF_UNWIND_BENCH(floor, Pattern::kFloor);
MEMPROF_UNWIND_BENCH(same, Pattern::kSame);
MEMPROF_UNWIND_BENCH(turns, Pattern::kTurns);
MEMPROF_UNWIND_BENCH(new, Pattern::kNew);
MEMPROF_UNWIND_BENCH(forgotten, Pattern::kForgotten);
MEMPROF_UNWIND_BENCH(nested, Pattern::kNested);
BENCHMARK_CAPTURE(run, turns, Pattern::kTurns)->Arg(8)->ThreadRange(1, 4);

}  // namespace

BENCHMARK_MAIN();
