#pragma once
// The time of events: ticks since the region's clock base, comparable over all threads of the process.

#include <ctime>

#include "preload/process.hpp"

namespace memprof::preload {

/// rdtscp, not rdtsc: it waits until all earlier loads and the real allocator's locked instructions are done, so that a
/// thread that took over a block cannot have read its clock before it got the block.
[[gnu::always_inline]] inline std::uint64_t now_ticks() {
#if defined(__x86_64__)
  if (__builtin_expect(g_region.tsc, 1)) {
    unsigned processor;
    return __builtin_ia32_rdtscp(&processor) - g_region.clock_base;
  }
#endif
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec) -
         g_region.clock_base;
}

}  // namespace memprof::preload
