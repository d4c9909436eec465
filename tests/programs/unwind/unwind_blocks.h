// What the programs of this folder have in common: allocations that no compiler removes, far from any tail call.
#pragma once

#include <stddef.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#define UNWIND_NOINLINE __attribute__((noinline))
#else
#define UNWIND_NOINLINE __attribute__((noinline, noclone))
#endif
#define UNWIND_BARRIER(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/// Allocates and frees once: two events with the caller's stack.
static inline __attribute__((always_inline)) void touch_heap(size_t bytes) {
  void* block = malloc(bytes);
  UNWIND_BARRIER(block);
  free(block);
}

#ifdef __cplusplus
}
#endif
