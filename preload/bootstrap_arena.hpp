#pragma once
// Memory for the few allocations that are made while the real allocator is still being looked up (dlsym and dlerror
// may allocate). Blocks are never given back. Threads: any, no lock.

#include <cstddef>
#include <cstdint>

namespace memprof::preload {

/// Zeroed memory, or nullptr when the 64 KiB are used up. `alignment` is a power of two.
void* bootstrap_allocate(std::size_t bytes, std::size_t alignment);

inline constexpr std::size_t kBootstrapBytes = 64 * 1024;
extern std::byte g_bootstrap_arena[kBootstrapBytes];

/// Whether the block came from here: hooks must not hand it to the real allocator.
[[gnu::always_inline]] inline bool is_bootstrap(const void* block) {
  const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(g_bootstrap_arena);
  return __builtin_expect(reinterpret_cast<std::uintptr_t>(block) - start < kBootstrapBytes, 0);
}

/// Requested size of a block for which is_bootstrap() holds.
std::size_t bootstrap_size(const void* block);

}  // namespace memprof::preload
