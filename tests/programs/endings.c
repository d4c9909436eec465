// Ends in the way that its argument names, after a known number of allocations and without any clearing up.
//
// Expected: 1,000 blocks of 128 bytes live, 500 freed, whatever the ending; the exit status is the program's own.

#include <pthread.h>
#include <signal.h>

#include "tests/programs/counted.h"

static void nothing(void) {}

static int end_by(const char* how) {
  if (strcmp(how, "return") == 0) return 7;
  if (strcmp(how, "exit") == 0) exit(7);
  if (strcmp(how, "_exit") == 0) _exit(7);
  if (strcmp(how, "_Exit") == 0) _Exit(7);
  if (strcmp(how, "quick_exit") == 0) at_quick_exit(nothing), quick_exit(7);
  if (strcmp(how, "pthread_exit") == 0) pthread_exit(NULL);
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "SIGKILL") == 0) kill(getpid(), SIGKILL);
  if (strcmp(how, "SIGTERM") == 0) kill(getpid(), SIGTERM);
  if (strcmp(how, "SIGSEGV") == 0) *(volatile int*)opaque(NULL) = 1;
  return 99;
}

int main(int argc, char** argv) {
  static void* blocks[1500];
  for (int i = 0; i < 1500; ++i) blocks[i] = counted(opaque(malloc(128)), 128);
  for (int i = 0; i < 500; ++i) counted_free(blocks[i], 128);
  report_counts_and_peak();
  return end_by(argc > 1 ? argv[1] : "return");
}
