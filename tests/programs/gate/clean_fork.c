// Clean: a child frees what it inherited and what it made; another becomes a program by exec, with blocks of its own.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for(pid_t pid) {
  int status = 1;
  waitpid(pid, &status, 0);
  return status;
}

int main(void) {
  void* inherited = malloc(100);
  const pid_t child = fork();
  if (child == 0) {
    void* own = malloc(50);
    free(own);
    free(inherited);
    exit(0);
  }
  const pid_t other = fork();
  if (other == 0) {
    char* const arguments[] = {malloc(8), NULL};
    execv("/bin/true", arguments);
    _exit(1);
  }
  const int failed = wait_for(child) + wait_for(other);
  free(inherited);
  return failed == 0 ? 0 : 1;
}
