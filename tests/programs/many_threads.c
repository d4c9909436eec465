// 1,000 threads that are alive at the same time, each with blocks of its own.
//
// Expected: totals as counted, and nothing dropped.

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 1000, kBlocks = 50 };

static pthread_barrier_t all_threads;

static void* body(void* argument) {
  (void)argument;
  void* blocks[kBlocks];
  pthread_barrier_wait(&all_threads);
  for (size_t i = 0; i < kBlocks; ++i) blocks[i] = counted(opaque(malloc(i)), i);
  pthread_barrier_wait(&all_threads);
  for (size_t i = 0; i < kBlocks; ++i) counted_free(blocks[i], i);
  return NULL;
}

int main(void) {
  static pthread_t threads[kThreads];
  pthread_attr_t small_stacks;
  pthread_attr_init(&small_stacks);
  pthread_attr_setstacksize(&small_stacks, 64 << 10);
  pthread_barrier_init(&all_threads, NULL, kThreads);
  for (int i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], &small_stacks, body, NULL) != 0) return 1;
  }
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  report_counts();
  return 0;
}
