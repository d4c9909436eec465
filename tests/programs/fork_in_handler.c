// A timer's handler forks wherever it has interrupted the program, also inside hooks; the child returns from the
// handler into what was interrupted, and works on. The allocator (pool_malloc.c) is safe for that.
//
// Expected: the parent's totals as counted; each child's as counted, but for the one event that may have been
// interrupted: what it recorded is the parent's.

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"

enum { kChildren = 40, kBlocks = 1500 };

static volatile sig_atomic_t children, is_child;

static void set_timer(long after_us) {
  struct itimerval timer = {{0, 0}, {0, after_us}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_timer(int number) {
  (void)number;
  int saved = errno;
  pid_t child = _Fork();
  if (child == 0) {
    is_child = 1;
    memset(&counts, 0, sizeof counts);
    counted_free(counted(opaque(malloc(80)), 80), 80);
  } else {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) abort();
    children += 1;
    set_timer(137 + 11 * children);
  }
  errno = saved;
}

int main(void) {
  struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  set_timer(500);
  while (children < kChildren && !is_child) {
    void* block = opaque(malloc(32));
    if (!is_child) counted(block, 32);
    if (!is_child) count_free(32);
    free(block);
  }
  set_timer(0);
  for (int i = 0; is_child && i < kBlocks; ++i) counted(opaque(malloc(90)), 90);
  report_counts();
  return 0;
}
