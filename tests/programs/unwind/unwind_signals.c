// Signal handlers that allocate: on the interrupted stack and on alternate stacks, nested in one another, at any
// instruction of the program (a timer interrupts code that allocates, also within malloc itself), in leaf functions
// that keep data below their stack pointer, and deep in a recursion.

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "tests/programs/unwind/unwind_blocks.h"

enum { kAlternateBytes = 64 << 10 };

static volatile sig_atomic_t g_handled;
static volatile sig_atomic_t g_may_allocate;

UNWIND_NOINLINE static int in_handler(int depth) {
  touch_heap(64);
  const int result = depth > 0 ? in_handler(depth - 1) + 1 : 0;
  touch_heap(65);
  return result;
}

static void on_raised(int number) {
  in_handler(3);
  if (number == SIGUSR1) raise(SIGUSR2);
  in_handler(2);
}

// malloc isn't async-signal-safe, so this one allocates only while the program is outside of it.
static void on_timer(int number) {
  (void)number;
  if (g_may_allocate) in_handler(2);
  ++g_handled;
}

UNWIND_NOINLINE static uint64_t leaf(uint64_t value) {
  for (int i = 0; i < 2000; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

UNWIND_NOINLINE static uint64_t busy(int depth, uint64_t value) {
  touch_heap(72);
  g_may_allocate = 1;
  value = leaf(value);
  g_may_allocate = 0;
  value += depth > 0 ? busy(depth - 1, value) : 0;
  touch_heap(73);
  return value;
}

UNWIND_NOINLINE static int raise_at(int depth) {
  touch_heap(80);
  if (depth == 0) raise(SIGUSR1);
  const int result = depth > 0 ? raise_at(depth - 1) + 1 : 0;
  touch_heap(81);
  return result;
}

static void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(number, &action, NULL);
}

static void with_flags(int first, int second) {
  handle(SIGUSR1, on_raised, first);
  handle(SIGUSR2, on_raised, second);
  for (int round = 0; round < 40; ++round) raise_at(round % 12);
}

int main(void) {
  stack_t alternate;
  memset(&alternate, 0, sizeof alternate);
  alternate.ss_sp = malloc(kAlternateBytes);
  alternate.ss_size = kAlternateBytes;
  sigaltstack(&alternate, NULL);
  with_flags(0, 0);
  with_flags(SA_ONSTACK, 0);
  with_flags(0, SA_ONSTACK);
  with_flags(SA_ONSTACK, SA_ONSTACK);

  handle(SIGALRM, on_timer, SA_ONSTACK | SA_RESTART);
  struct itimerval timer = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &timer, NULL);
  uint64_t value = 1;
  const time_t end = time(NULL) + 10;
  while (g_handled < 1000 && time(NULL) < end) value = busy(6, value);
  timer.it_value.tv_usec = timer.it_interval.tv_usec = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  UNWIND_BARRIER(&value);
  return 0;
}
