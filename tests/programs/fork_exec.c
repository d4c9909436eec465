// Forks and executes a program over and over: fork_exec COUNT PROGRAM. Every second time by vfork.
//
// Expected: status 0; as many processes as COUNT besides this one.

#include <sys/wait.h>

#include "tests/programs/counted.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  char* const arguments[] = {argv[2], NULL};
  const long count = strtol(argv[1], NULL, 10);
  for (volatile long i = 0; i < count; ++i) {
    const pid_t child = i % 2 == 0 ? fork() : vfork();
    if (child < 0) return 3;
    if (child == 0) {
      execv(argv[2], arguments);
      _exit(127);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 4;
  }
  return 0;
}
