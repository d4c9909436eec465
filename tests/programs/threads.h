#pragma once
// Threads for the programs here: start some, wait for all.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { kMostThreads = 64 };

struct thread_start {
  pthread_barrier_t* all_started;
  void* (*body)(void*);
  uintptr_t number;
};

static inline void* wait_and_run(void* argument) {
  struct thread_start start = *(struct thread_start*)argument;
  pthread_barrier_wait(start.all_started);
  return start.body((void*)start.number);
}

/// Runs `body(0)` to `body(count - 1)`, each in a thread of its own, and waits for all of them. None begins before all
/// are there: so `count` stacks exist at once, and what the C library allocates for them is the same in every run.
static inline void run_threads(uintptr_t count, void* (*body)(void*)) {
  pthread_t threads[kMostThreads];
  struct thread_start starts[kMostThreads];
  pthread_barrier_t all_started;
  pthread_barrier_init(&all_started, NULL, (unsigned)count);
  for (uintptr_t i = 0; i < count; ++i) {
    starts[i].all_started = &all_started;
    starts[i].body = body;
    starts[i].number = i;
    if (pthread_create(&threads[i], NULL, wait_and_run, &starts[i]) != 0) abort();
  }
  for (uintptr_t i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&all_started);
}

/// A small random generator, one state a thread. (xorshift64*, Vigna 2016)
static inline uint64_t next_random(uint64_t* state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545F4914F6CDD1DULL;
}
