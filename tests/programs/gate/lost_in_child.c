// Leaky: not the program itself, but the child that it forks.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void* lost;

static void child(void) {
  lost = malloc(64);
  lost = NULL;
  exit(0);
}

int main(void) {
  void* own = malloc(32);
  const pid_t pid = fork();
  if (pid == 0) {
    free(own);
    child();
  }
  int status = 1;
  waitpid(pid, &status, 0);
  free(own);
  return status == 0 ? 0 : 1;
}
