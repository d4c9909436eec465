// Becomes a daemon by forking twice, closes its descriptors, and gives up its root directory, its user and its groups
// where it may; then works, with threads that begin after all that. The argument is an empty directory.
//
// Expected: status 0; the daemon's totals as counted.

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

static void* body(void* argument) {
  size_t bytes = 100 + (uintptr_t)argument;
  for (int i = 0; i < 1000; ++i) counted_free(counted(opaque(malloc(bytes)), bytes), bytes);
  return NULL;
}

static int be_the_daemon(const char* directory, int output) {
  counted(opaque(malloc(77)), 77);  // the meeting with memprof, while it can be reached
  setsid();
  umask(0);
  if (dup2(output, STDOUT_FILENO) < 0) return 3;
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    if (descriptor != STDOUT_FILENO) close(descriptor);
  }
  if (chdir(directory) != 0) return 4;
  if (getuid() == 0 &&
      (chroot(directory) != 0 || setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
    return 5;
  }
  run_threads(8, body);
  report_counts();
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int output = dup(STDOUT_FILENO);
  pid_t child = fork();
  if (child == 0) {
    pid_t daemon_process = fork();
    if (daemon_process == 0) _exit(be_the_daemon(argv[1], output));
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
