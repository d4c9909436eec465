// 8 threads that realloc blocks out of one shared table: addresses are reused by other threads all the time, which is
// where a realloc that is reported late would be booked twice or on the wrong block. The argument says how many steps
// each takes.
//
// Expected: totals as counted, no unknown frees, nothing live at the end.

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 8, kSlots = 32 };

static long steps = 30000;

// A block begins with its own size. Whoever exchanges it out of its slot owns it.
static size_t* slots[kSlots];

static void* body(void* argument) {
  uint64_t random = (uintptr_t)argument + 1;
  for (long i = 0; i < steps; ++i) {
    size_t** slot = &slots[next_random(&random) % kSlots];
    // Half the sizes are in few bins, so that a freed address comes back at once; some are from mmap.
    uint64_t dice = next_random(&random) % 1000;
    size_t bytes = dice < 500 ? 16 + dice / 100 * 16 : dice < 998 ? 16 + dice * 7 : 200000;
    size_t* block = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL);
    block = block ? counted_realloc(block, *block, bytes) : counted(opaque(malloc(bytes)), bytes);
    if (!block) abort();
    *block = bytes;
    block = __atomic_exchange_n(slot, block, __ATOMIC_ACQ_REL);
    if (block) counted_free(block, *block);
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc > 1) steps = strtol(argv[1], NULL, 10);
  run_threads(kThreads, body);
  for (int i = 0; i < kSlots; ++i) {
    if (slots[i]) counted_free(slots[i], *slots[i]);
  }
  report_counts();
  return 0;
}
