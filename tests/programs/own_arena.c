// A program with an arena of its own beside the heap: 96 MiB that it maps and touches, 16 MiB that it allocates and
// touches, half of which it frees. With an argument it leaves otherwise than by returning from main:
//   handler   exit() in a signal handler that has interrupted malloc
//   child     exit() in a child of fork as well

#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"

enum { kArenaBytes = 96 << 20, kBlocks = 2048, kBlockBytes = 8192 };

static void leave(int signal) {
  (void)signal;
  exit(0);
}

static void leave_in_the_middle(void) {
  struct sigaction action = {.sa_handler = leave};
  struct itimerval soon = {.it_value = {.tv_usec = 20000}};
  if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &soon, NULL) != 0) abort();
  for (;;) free(opaque(malloc(100000)));  // too large for the caches that need no lock
}

int main(int count, char** arguments) {
  char* arena = mmap(NULL, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (arena == MAP_FAILED) return 1;
  memset(arena, 1, kArenaBytes);
  static void* blocks[kBlocks];
  for (int i = 0; i < kBlocks; ++i) {
    blocks[i] = opaque(malloc(kBlockBytes));
    memset(blocks[i], 1, kBlockBytes);
  }
  for (int i = 0; i < kBlocks; i += 2) free(blocks[i]);
  if (count > 1 && strcmp(arguments[1], "handler") == 0) leave_in_the_middle();
  if (count > 1 && strcmp(arguments[1], "child") == 0) {
    pid_t child = fork();
    if (child == 0) {
      free(opaque(malloc(10)));
      exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 2;
  }
  return 0;
}
