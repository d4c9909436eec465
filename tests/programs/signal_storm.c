// Two threads allocate while a timer's signals, some thousands a second, interrupt them anywhere, also inside memprof's
// hooks, with a handler that allocates too. The allocator (bump_malloc.c) is safe for that.
// The argument says how many steps each thread takes.
//
// Expected: allocations and frees as counted. No crash, no deadlock.

#include <signal.h>
#include <sys/time.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 2 };

static long steps = 300000;

static count_t signals_taken;

static void allocate_one(size_t bytes) {
  void* block = counted(opaque(malloc(bytes)), bytes);
  count_free(bytes);
  free(block);
}

static void on_timer(int number) {
  (void)number;
  int saved = errno;
  raise_count(&signals_taken, 1);
  allocate_one(64);
  errno = saved;
}

static void* body(void* argument) {
  (void)argument;
  for (long i = 0; i < steps; ++i) allocate_one(32);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc > 1) steps = strtol(argv[1], NULL, 10);
  struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, NULL);
  run_threads(kThreads, body);
  struct itimerval never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &never, NULL);
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "signals", signals_taken);
  report_end(&report);
  return signals_taken > 0 ? 0 : 1;
}
