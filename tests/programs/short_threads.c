// Thousands of threads that live for a moment each (argument: how many), a few at a time.
//
// Expected: totals as counted; rings are used again, so no event is dropped for want of one.

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

static void* body(void* argument) {
  size_t bytes = 16 + (uintptr_t)argument * 16;
  void* block = counted(opaque(malloc(bytes)), bytes);
  void* other = counted(opaque(calloc(1, bytes)), bytes);
  counted_free(block, bytes);
  counted_free(other, bytes);
  return NULL;
}

int main(int argc, char** argv) {
  long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
  for (long started = 0; started < threads; started += 10) run_threads(10, body);
  report_counts();
  return 0;
}
