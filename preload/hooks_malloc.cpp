// malloc(3) and its relatives: call the real one, record. A free is recorded before it happens, an allocation after, a
// realloc both (wire/record.hpp says why).

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "preload/bootstrap_arena.hpp"
#include "preload/hook_caller.hpp"
#include "preload/real_functions.hpp"
#include "preload/recorder.hpp"

namespace memprof::preload {
namespace {

using wire::Hook;
using wire::Operation;

[[gnu::always_inline]] inline void* recorded(void* block, Hook hook, std::size_t bytes) {
  // Only now: what is taken before the real function was called has to be kept meanwhile.
  const CallerRegisters caller = caller_registers();
  if (is_allocators_own(caller.return_address)) return block;
  record(__builtin_expect(block != nullptr, 1) ? Operation::kAlloc : Operation::kAllocFail, hook, block, bytes, caller);
  return block;
}

/// Aligned allocation while the real functions are being looked up.
void* early_aligned(std::size_t alignment, std::size_t bytes) { return bootstrap_allocate(bytes, alignment); }

/// realloc of a block that was made before the real functions were known.
[[gnu::always_inline]] inline void* move_out_of_bootstrap(void* block, std::size_t bytes) {
  void* const moved = recorded(g_real.malloc(bytes), Hook::kRealloc, bytes);
  const std::size_t old_bytes = bootstrap_size(block);
  if (moved != nullptr) std::memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
  return moved;
}

template <typename Reallocate>
[[gnu::always_inline]] inline void* reallocated(void* block, std::size_t bytes, Hook hook,
                                                const CallerRegisters& caller, const Reallocate& real) {
  if (block == nullptr) return recorded(real(), hook, bytes);
  if (is_allocators_own(caller.return_address)) return real();
  const wire::StackId stack = record(Operation::kReallocBegin, hook, block, bytes, caller);
  void* const moved = real();
  if (moved != nullptr) {
    record_again(Operation::kReallocEnd, hook, moved, bytes, stack);
  } else if (bytes == 0) {
    record_again(Operation::kReallocEnd, hook, nullptr, 0, stack);  // freed, as glibc and jemalloc do
  } else {
    record_again(Operation::kReallocFail, hook, block, bytes, stack);
  }
  return moved;
}

}  // namespace
}  // namespace memprof::preload

using namespace memprof::preload;

extern "C" {

MEMPROF_EXPORT void* malloc(std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) return bootstrap_allocate(bytes, 0);
  return recorded(g_real.malloc(bytes), Hook::kMalloc, bytes);
}

MEMPROF_EXPORT void free(void* block) {
  MEMPROF_HOOK_ENTRY(caller);
  if (block == nullptr || is_bootstrap(block) || !real_functions_ready()) return;
  if (!is_allocators_own(caller.return_address)) record(Operation::kFree, Hook::kFree, block, 0, caller);
  g_real.free(block);
}

/// An old name of free; gone from glibc 2.26's headers, still called by old binaries.
MEMPROF_EXPORT void cfree(void* block) {
  MEMPROF_HOOK_ENTRY(caller);
  if (block == nullptr || is_bootstrap(block) || !real_functions_ready()) return;
  if (!is_allocators_own(caller.return_address)) record(Operation::kFree, Hook::kFree, block, 0, caller);
  g_real.free(block);
}

MEMPROF_EXPORT void* calloc(std::size_t count, std::size_t size) {
  MEMPROF_HOOK_ENTRY(caller);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;  // the real one says no, and sets errno
  if (!real_functions_ready()) return bootstrap_allocate(bytes, 0);
  return recorded(g_real.calloc(count, size), Hook::kCalloc, bytes);
}

MEMPROF_EXPORT void* realloc(void* block, std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) {
    void* const moved = bootstrap_allocate(bytes, 0);
    if (moved != nullptr && block != nullptr && is_bootstrap(block)) {
      const std::size_t old_bytes = bootstrap_size(block);
      std::memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    }
    return moved;
  }
  if (block != nullptr && is_bootstrap(block)) return move_out_of_bootstrap(block, bytes);
  return reallocated(block, bytes, Hook::kRealloc, caller, [=] { return g_real.realloc(block, bytes); });
}

MEMPROF_EXPORT void* reallocarray(void* block, std::size_t count, std::size_t size) {
  MEMPROF_HOOK_ENTRY(caller);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    if (real_functions_ready()) record(Operation::kAllocFail, Hook::kReallocarray, nullptr, SIZE_MAX, caller);
    errno = ENOMEM;
    return nullptr;
  }
  if (!real_functions_ready()) return bootstrap_allocate(bytes, 0);
  if (block != nullptr && is_bootstrap(block)) return move_out_of_bootstrap(block, bytes);
  // Without overflow reallocarray is realloc, which every allocator has.
  return reallocated(block, bytes, Hook::kReallocarray, caller, [=] { return g_real.realloc(block, bytes); });
}

MEMPROF_EXPORT void* memalign(std::size_t alignment, std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) return early_aligned(alignment, bytes);
  return recorded(g_real.memalign(alignment, bytes), Hook::kMemalign, bytes);
}

MEMPROF_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) return early_aligned(alignment, bytes);
  return recorded(g_real.aligned_alloc(alignment, bytes), Hook::kMemalign, bytes);
}

MEMPROF_EXPORT int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) {
    *block = early_aligned(alignment, bytes);
    return *block != nullptr ? 0 : ENOMEM;
  }
  const int status = g_real.posix_memalign(block, alignment, bytes);
  recorded(status == 0 ? *block : nullptr, Hook::kMemalign, bytes);
  return status;
}

MEMPROF_EXPORT void* valloc(std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) return early_aligned(memprof::wire::kPage, bytes);
  return recorded(g_real.valloc(bytes), Hook::kMemalign, bytes);
}

MEMPROF_EXPORT void* pvalloc(std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready()) return early_aligned(memprof::wire::kPage, bytes);
  return recorded(g_real.pvalloc(bytes), Hook::kMemalign, bytes);
}

MEMPROF_EXPORT std::size_t malloc_usable_size(void* block) {
  if (block == nullptr) return 0;
  if (is_bootstrap(block)) return bootstrap_size(block);
  return real_functions_ready() ? g_real.malloc_usable_size(block) : 0;
}

}  // extern "C"
