#pragma once
// Waiting on and waking through a word of shared memory.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace memprof::collect {

/// Sleeps until woken or timed out, unless `word` differs from `expected` already.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, std::chrono::nanoseconds timeout);
void futex_wake_all(const std::atomic<std::uint32_t>& word);

}  // namespace memprof::collect
