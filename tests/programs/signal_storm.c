// Two threads allocate while a timer's signals, some thousands a second, interrupt them anywhere, also inside memprof's
// hooks, with a handler that allocates too. The allocator (bump_malloc.c) is safe for that.
//
// Expected: allocations and frees as counted, or, for events of a handler that interrupted a hook, counted as dropped:
// allocations + frees + dropped_events are the program's own count. No crash, no deadlock.

#include <signal.h>
#include <sys/time.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 2, kSteps = 300000 };

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
  for (int i = 0; i < kSteps; ++i) allocate_one(32);
  return NULL;
}

int main(void) {
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
