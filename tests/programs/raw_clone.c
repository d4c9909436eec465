// Children that no handler of pthread_atfork hears of: by the system calls fork and clone, by clone on the parent's
// memory, and a vfork child in which a thread has its very first event while other threads work.
//
// Expected: a profile for each child with memory of its own, as it reports; the blocks of those on their parent's
// memory are their parent's, whose totals are as counted. (Enough in each child for a profile of its own.)

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kBlocks = 1500, kThreads = 4, kWork = 20000 };

static void wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, __WALL) != child || status != 0) abort();
}

static void be_a_child(void) {
  memset(&counts, 0, sizeof counts);
  for (int i = 0; i < kBlocks; ++i) counted(opaque(malloc(30)), 30);
  report_counts();
  _exit(0);
}

static int on_parents_memory(void* argument) {
  (void)argument;
  for (int i = 0; i < 100; ++i) counted_free(counted(opaque(malloc(40)), 40), 40);
  return 0;
}

static int started_to_work;

static void* work(void* argument) {
  size_t bytes = 50 + (uintptr_t)argument;
  for (int i = 0; i < kWork; ++i) {
    counted_free(counted(opaque(malloc(bytes)), bytes), bytes);
    if (i == 100) __atomic_fetch_add(&started_to_work, 1, __ATOMIC_ACQ_REL);
  }
  return NULL;
}

/// Has not allocated before its vfork child does.
static void* vfork_first(void* argument) {
  while (__atomic_load_n(&started_to_work, __ATOMIC_ACQUIRE) < kThreads - 1) sched_yield();
  pid_t child = vfork();
  if (child == 0) {
    for (int i = 0; i < 100; ++i) counted_free(counted(opaque(malloc(60)), 60), 60);
    _exit(0);
  }
  wait_for(child);
  return work(argument);
}

static void* body(void* argument) { return argument == NULL ? vfork_first(argument) : work(argument); }

int main(void) {
  void* kept = counted(opaque(malloc(1000)), 1000);
  pid_t child = (pid_t)syscall(SYS_fork);
  if (child == 0) be_a_child();
  wait_for(child);
  child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0) be_a_child();
  wait_for(child);

  static char stack[256 << 10];
  child = clone(on_parents_memory, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  wait_for(child);
  run_threads(kThreads, body);
  counted_free(kept, 1000);
  report_counts();
  return 0;
}
