#include "preload/bootstrap_arena.hpp"

#include <atomic>
#include <cstdint>

namespace memprof::preload {

alignas(4096) std::byte g_bootstrap_arena[kBootstrapBytes];

namespace {

constexpr std::size_t kMinimumAlignment = 16;
std::atomic<std::size_t> g_used{0};

}  // namespace

void* bootstrap_allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment < kMinimumAlignment) alignment = kMinimumAlignment;
  if (bytes > kBootstrapBytes || alignment > 4096) return nullptr;
  std::size_t used = g_used.load(std::memory_order_relaxed);
  for (;;) {
    // The size stands in the word before the block.
    const std::size_t start = (used + sizeof(std::size_t) + alignment - 1) / alignment * alignment;
    if (start + bytes > kBootstrapBytes) return nullptr;
    if (g_used.compare_exchange_weak(used, start + bytes, std::memory_order_relaxed)) {
      *reinterpret_cast<std::size_t*>(g_bootstrap_arena + start - sizeof(std::size_t)) = bytes;
      return g_bootstrap_arena + start;
    }
  }
}

std::size_t bootstrap_size(const void* block) {
  return *reinterpret_cast<const std::size_t*>(static_cast<const std::byte*>(block) - sizeof(std::size_t));
}

}  // namespace memprof::preload
