#pragma once
// The functions that the program would call without us: the next definitions in the loader's search order, so a
// program with an allocator of its own (jemalloc, tcmalloc, mimalloc) keeps it.
// Threads: real() may be called by any thread at any time, also before libc's own constructors ran.

#include <spawn.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace memprof::preload {

/// Members are null where nobody defines the function.
struct RealFunctions {
#define MEMPROF_HOOK(symbol, member, result, parameters) result(*member) parameters;
#include "preload/hooks.inc"
#undef MEMPROF_HOOK
};

/// How `operator new` has to be treated, by who defines the next one.
enum class OperatorNew {
  kRuntime,    ///< the C++ runtime's, which is malloc in other words (or nobody's in the global scope)
  kAllocator,  ///< the same library that defines malloc: a call that never passes through malloc
  kCustom,     ///< somebody's own on top of malloc: what it takes from malloc is what counts
};

extern RealFunctions g_real;
extern OperatorNew g_operator_new;

extern "C" const char __ehdr_start[] __attribute__((visibility("hidden")));
extern "C" const char _etext[] __attribute__((visibility("hidden")));

inline bool is_our_code(std::uintptr_t address) {
  return address >= reinterpret_cast<std::uintptr_t>(__ehdr_start) &&
         address < reinterpret_cast<std::uintptr_t>(_etext);
}

/// Code of an allocator that the program brought along (not libc's): what it calls of malloc's family is part of a call
/// that was recorded already.
struct AllocatorCode {
  std::uintptr_t start = 0;
  std::uintptr_t bytes = 0;
  [[gnu::always_inline]] bool contains(std::uintptr_t address) const { return address - start < bytes; }
};
extern AllocatorCode g_allocator;

/// Whether a call with this return address is the allocator's own affair. It is also when the address is ours: then a
/// hook has called one of the allocator's functions, and that one has jumped on to another (`operator delete[]` to
/// `operator delete`, say), which has a hook as well.
[[gnu::always_inline]] inline bool is_allocators_own(std::uintptr_t return_address) {
  if (__builtin_expect(g_allocator.bytes == 0, 1)) return false;
  return g_allocator.contains(return_address) ||
         (g_operator_new != OperatorNew::kCustom && is_our_code(return_address));
}

/// struct mallinfo2 of glibc 2.33's malloc.h.
struct AllocatorFigures {
  std::size_t heap_bytes, free_chunks, fast_chunks, maps, map_bytes, unused_1, unused_2, used_bytes, free_bytes,
      top_bytes;
};
/// glibc's mallinfo2, when its malloc is the real one; else null.
using GetAllocatorFigures = AllocatorFigures();
extern GetAllocatorFigures* g_get_allocator_figures;

/// True once g_real is filled in. While it is being looked up (the look-up itself may allocate) hooks serve from the
/// bootstrap arena.
bool resolve_real_functions();

[[gnu::always_inline]] inline bool real_functions_ready() {
  return __builtin_expect(g_real.malloc != nullptr, 1) || resolve_real_functions();
}

}  // namespace memprof::preload
