#pragma once
// The time of events: ticks since the region's clock base, comparable over all threads of the process.
//
// Between threads time is the order of events (wire/record.hpp), so a thread that took over a block must not have read
// its clock before it got the block. rdtscp sees to that: it waits until all earlier loads and the allocator's locked
// instructions are done, which takes some 10 ns and keeps the processor from working ahead. As long as only one thread
// ever had an event, the order is that of its ring, and rdtsc does, which costs next to nothing:
//  - A stamp is never later than its record's publication, whichever instruction it came from. So what a second thread
//    stamps with rdtscp after it has seen any effect of such a record is later.
//  - A second thread calls share_clock() before its first event. Whoever has seen an effect of one of its events, on
//    which alone an event of the first thread could depend, sees that too: on x86 neither loads nor stores overtake
//    each other, and now_ticks() looks after the hook has got its pointer.

#include <atomic>
#include <ctime>

#include "preload/process.hpp"

namespace memprof::preload {

enum class Clock : std::uint8_t { kMonotonic, kTscOneThread, kTscThreads };
extern std::atomic<Clock> g_clock;

/// A new recording, of which no thread has a ring yet.
inline void start_clock() {
#if defined(__x86_64__)
  const bool tsc = g_region.tsc;
#else
  const bool tsc = false;
#endif
  g_clock.store(tsc ? Clock::kTscOneThread : Clock::kMonotonic, std::memory_order_relaxed);
}

/// Another thread than the first one is about to have its first event.
inline void share_clock() {
  Clock one_thread = Clock::kTscOneThread;
  g_clock.compare_exchange_strong(one_thread, Clock::kTscThreads, std::memory_order_seq_cst);
}

/// The time by the processor's own counter, of which `clock`, the value of g_clock, says how it is to be read.
[[gnu::always_inline]] inline std::uint64_t now_by_tsc([[maybe_unused]] Clock clock) {
#if defined(__x86_64__)
  if (__builtin_expect(clock == Clock::kTscOneThread, 1)) return __builtin_ia32_rdtsc() - g_region.clock_base;
  unsigned processor;
  return __builtin_ia32_rdtscp(&processor) - g_region.clock_base;
#else
  __builtin_trap();  // start_clock() chooses the kernel's
#endif
}

inline std::uint64_t now_ticks() {
  const Clock clock = g_clock.load(std::memory_order_relaxed);
  if (clock != Clock::kMonotonic) return now_by_tsc(clock);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec) -
         g_region.clock_base;
}

}  // namespace memprof::preload
