// Signal handlers that allocate, on the usual stack, on a small alternate stack, and nested; and threads with the
// smallest stack there is. All signals are raised between allocations, where a handler may allocate.
//
// Expected: totals as counted (one line of one thread, the small threads included); no event is lost or counted twice.

#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "tests/programs/counted.h"

static void allocate_some(size_t bytes) {
  void* block = counted(opaque(malloc(bytes)), bytes);
  block = counted_realloc(block, bytes, 3 * bytes);
  counted_free(block, 3 * bytes);
}

static void on_inner(int signal) {
  (void)signal;
  allocate_some(20);
}

static void on_outer(int signal) {
  (void)signal;
  allocate_some(10);
  raise(SIGUSR2);
  allocate_some(30);
}

static void* on_small_stack(void* argument) {
  allocate_some(40);
  return argument;
}

static void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (sigaction(number, &action, NULL) != 0) abort();
}

int main(void) {
  for (int i = 0; i < 100; ++i) {
    handle(SIGUSR1, on_outer, 0);
    handle(SIGUSR2, on_inner, 0);
    raise(SIGUSR1);
  }

  // What the kernel needs for the signal frame itself depends on the processor; 4 KiB are for the handlers.
  static char memory[256 << 10];
  size_t needed = (size_t)sysconf(_SC_MINSIGSTKSZ);
  stack_t stack = {.ss_sp = memory, .ss_size = 2 * needed + 4096};
  if (sigaltstack(&stack, NULL) != 0) return 1;
  handle(SIGUSR1, on_outer, SA_ONSTACK);
  handle(SIGUSR2, on_inner, SA_ONSTACK);
  for (int i = 0; i < 100; ++i) raise(SIGUSR1);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
  for (int i = 0; i < 20; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, on_small_stack, NULL) != 0) return 2;
    pthread_join(thread, NULL);
  }
  report_counts();
  return 0;
}
