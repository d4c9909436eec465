// Starts other programs by vfork, posix_spawn and system(), between allocations of its own. Between vfork and exec the
// child runs on the parent's memory, and allocates in it.
//
// Expected: the parent's totals as counted, with the vfork children's blocks in them; status 0.

#include <spawn.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"

extern char** environ;

static int wait_for(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int main(void) {
  char* const arguments[] = {(char*)"true", NULL};
  static void* left_behind;
  for (volatile int i = 0; i < 20; ++i) {
    void* block = counted(opaque(malloc(100)), 100);
    pid_t process = vfork();
    if (process == 0) {
      left_behind = counted(opaque(malloc(55)), 55);
      counted_free(counted(opaque(malloc(66)), 66), 66);
      execv("/bin/true", arguments);
      _exit(127);
    }
    if (wait_for(process) != 0) return 1;
    counted_free(left_behind, 55);
    counted_free(block, 100);
  }
  pid_t process;
  if (posix_spawn(&process, "/bin/true", NULL, NULL, arguments, environ) != 0 || wait_for(process) != 0) return 2;
  report_counts_and_peak();
  return 0;
}
