// 8 threads in a ring: each allocates blocks and hands them to the next one, which frees them.
//
// Expected: totals as counted, no unknown frees; every block is freed by another thread than allocated it.

#include <sched.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 8, kBlocks = 20000, kSlots = 64 };

// One queue a pair of neighbours; NULL is an empty slot. A block begins with its own size.
static void* queues[kThreads][kSlots];

static void put(void** slot, void* block) {
  void* empty = NULL;
  while (!__atomic_compare_exchange_n(slot, &empty, block, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    empty = NULL;
    sched_yield();
  }
}

static void free_from(void** slot) {
  size_t* block;
  while (!(block = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQUIRE))) sched_yield();
  counted_free(block, *block);
}

static void* body(void* argument) {
  uintptr_t self = (uintptr_t)argument;
  uint64_t random = self + 1;
  for (int i = 0; i < kBlocks; ++i) {
    size_t bytes = sizeof(size_t) + next_random(&random) % 500;
    size_t* block = counted(opaque(malloc(bytes)), bytes);
    *block = bytes;
    put(&queues[self][i % kSlots], block);
    if (i >= kSlots / 2) free_from(&queues[(self + 1) % kThreads][(i - kSlots / 2) % kSlots]);
  }
  for (int i = kBlocks - kSlots / 2; i < kBlocks; ++i) free_from(&queues[(self + 1) % kThreads][i % kSlots]);
  return NULL;
}

int main(void) {
  run_threads(kThreads, body);
  report_counts();
  return 0;
}
