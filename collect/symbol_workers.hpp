#pragma once
// Runs independent tasks on all cores, for the duration of one call.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace memprof::collect {

/// Calls task(0) … task(count - 1), each once, on up to `threads` threads, the caller's among them. Tasks start in
/// order; returns when all have ended. A task must not throw.
inline void run_tasks(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    // Relaxed: only the number matters; what tasks read was written before the threads started.
    for (std::size_t index; (index = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      try {
        task(index);
      } catch (const std::bad_alloc&) {
        continue;
      }
    }
  };
  std::vector<std::jthread> helpers;
  try {
    for (std::size_t helper = 1; helper < std::min<std::size_t>(threads, count); ++helper) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads to be had: those that there are do the work.
  }
  work();
}

}  // namespace memprof::collect
