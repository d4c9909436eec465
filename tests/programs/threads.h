#pragma once
// Threads for the programs here: start some, wait for all.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { kMostThreads = 64 };

/// Runs `body(0)` to `body(count - 1)`, each in a thread of its own, and waits for all of them.
static inline void run_threads(uintptr_t count, void* (*body)(void*)) {
  pthread_t threads[kMostThreads];
  for (uintptr_t i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], NULL, body, (void*)i) != 0) abort();
  }
  for (uintptr_t i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

/// A small random generator, one state a thread. (xorshift64*, Vigna 2016)
static inline uint64_t next_random(uint64_t* state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545F4914F6CDD1DULL;
}
