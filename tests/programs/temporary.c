// Temporary allocations: blocks that their own thread frees before it allocates again.
//
// Expected: exactly as counted, over 4 threads that take turns, so that other threads' allocations lie in between:
// those do not matter. Blocks freed after the thread's next allocation, or by another thread, are not temporary.

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 4, kRounds = 1000 };

static count_t temporary_allocations;
static void* handed_over[kThreads];
static pthread_barrier_t all_threads;

static void* body(void* argument) {
  uintptr_t self = (uintptr_t)argument;
  pthread_barrier_wait(&all_threads);
  for (int round = 0; round < kRounds; ++round) {
    void* brief = counted(opaque(malloc(24)), 24);  // temporary
    raise_count(&temporary_allocations, 1);
    counted_free(brief, 24);

    void* first = counted(opaque(malloc(32)), 32);   // not: another one comes in between
    void* second = counted(opaque(malloc(40)), 40);  // temporary: freed first
    raise_count(&temporary_allocations, 1);
    counted_free(second, 40);
    counted_free(first, 32);

    handed_over[self] = counted(opaque(malloc(48)), 48);  // not: the neighbour frees it
    pthread_barrier_wait(&all_threads);
    counted_free(handed_over[(self + 1) % kThreads], 48);
    pthread_barrier_wait(&all_threads);
  }
  return NULL;
}

int main(void) {
  pthread_barrier_init(&all_threads, NULL, kThreads);
  run_threads(kThreads, body);
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "temporary_allocations", temporary_allocations);
  report_end(&report);
  return 0;
}
