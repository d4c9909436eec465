// Processes in the shapes that servers and daemons give them; the argument says which:
//   server    forks 100 children, one after the other in tens; each allocates 100 blocks
//   daemon    forks twice, with setsid() in between, and the grandchild allocates when the others have ended
//   user      a child that becomes another user (65534) before it allocates; to be run as root
//   together  holds 3,000,000 bytes while a child holds 2,000,000, and 4,000,000 when there is none
//
// Expected: each process with the blocks that it reports; of "together", a common peak of 5,000,000 bytes.

#include <fcntl.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"

static void allocate(int blocks, size_t bytes) {
  for (int i = 0; i < blocks; ++i) counted(opaque(malloc(bytes)), bytes);
  struct report report = {};
  report_counts_into(&report);
  report_end(&report);
}

static int server(void) {
  enum { kChildren = 100, kAtOnce = 10 };
  for (int started = 0; started < kChildren; started += kAtOnce) {
    for (int i = 0; i < kAtOnce; ++i) {
      const pid_t child = fork();
      if (child < 0) return 3;
      if (child == 0) {
        allocate(100, (size_t)(started + i + 1));
        _exit(0);
      }
    }
    for (int i = 0; i < kAtOnce; ++i) {
      int status = 0;
      if (wait(&status) < 0 || status != 0) return 4;
    }
  }
  return 0;
}

static int become_daemon(void) {
  if (fork() > 0) return 0;
  setsid();
  if (fork() > 0) _exit(0);
  usleep(200 * 1000);
  allocate(2000, 10);
  _exit(0);
}

static int other_user(void) {
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(5);
    allocate(2000, 20);
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}

static int together(void) {
  void* block = counted(opaque(malloc(3000000)), 3000000);
  const pid_t child = fork();
  if (child == 0) {
    counted_free(opaque(malloc(2000000)), 2000000);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  counted_free(block, 3000000);
  block = counted(opaque(malloc(4000000)), 4000000);
  counted_free(block, 4000000);
  return status;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (strcmp(argv[1], "server") == 0) return server();
  if (strcmp(argv[1], "daemon") == 0) return become_daemon();
  if (strcmp(argv[1], "user") == 0) return other_user();
  if (strcmp(argv[1], "together") == 0) return together();
  return 2;
}
