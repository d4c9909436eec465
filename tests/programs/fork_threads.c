// A threaded program that forks while its other threads allocate, as often as the argument says; each child works and
// ends.
//
// Expected: no deadlock, status 0, the parent's totals as counted, one profile for each child with its own 1,200
// blocks.

#include <sys/wait.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kWorkers = 4 };

static int stop;

static void* worker(void* argument) {
  uint64_t random = (uintptr_t)argument + 1;
  while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
    size_t bytes = 1 + next_random(&random) % 2000;
    counted_free(counted(opaque(malloc(bytes)), bytes), bytes);
  }
  return NULL;
}

static int child(void) {
  memset(&counts, 0, sizeof counts);
  for (int i = 0; i < 1200; ++i) counted(opaque(malloc(100)), 100);
  report_counts();
  return 0;
}

int main(int argc, char** argv) {
  const long children = argc > 1 ? strtol(argv[1], NULL, 10) : 20;
  pthread_t threads[kWorkers];
  for (uintptr_t i = 0; i < kWorkers; ++i) {
    if (pthread_create(&threads[i], NULL, worker, (void*)i) != 0) return 1;
  }
  for (long i = 0; i < children; ++i) {
    pid_t process = fork();
    if (process == 0) _exit(child());
    int status = 0;
    if (waitpid(process, &status, 0) != process || status != 0) return 2;
  }
  __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
  for (int i = 0; i < kWorkers; ++i) pthread_join(threads[i], NULL);
  report_counts();
  return 0;
}
