#pragma once
// Memory for the few allocations that are made while the real allocator is still being looked up (dlsym and dlerror
// may allocate). Blocks are never given back. Threads: any, no lock.

#include <cstddef>

namespace memprof::preload {

/// Zeroed memory, or nullptr when the 64 KiB are used up. `alignment` is a power of two.
void* bootstrap_allocate(std::size_t bytes, std::size_t alignment);

/// Whether the block came from here: hooks must not hand it to the real allocator.
bool is_bootstrap(const void* block);

/// Requested size of a block for which is_bootstrap() holds.
std::size_t bootstrap_size(const void* block);

}  // namespace memprof::preload
