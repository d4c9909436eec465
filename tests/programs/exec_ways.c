// Becomes itself, or starts itself, in the way that its argument names, always with an environment of its own making
// that has nothing of memprof's in it. The program that comes out allocates 1,500 blocks of 64 bytes and says so; it
// also says how many variables it was given.
//
// Expected: one profile of the program that came out, exact; its status and its output as without memprof.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"

extern char** environ;

static __attribute__((noinline)) int outcome(void) {
  for (int i = 0; i < 1500; ++i) counted(opaque(malloc(64)), 64);
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "blocks", 1500);
  report_end(&report);
  return 7;
}

static int status_of(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const char* way = argv[1];
  if (strcmp(way, "outcome") == 0) return outcome();
  char path[4096] = {};
  if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) return 3;
  char* slash = strrchr(path, '/');
  char* const arguments[] = {path, (char*)"outcome", NULL};
  char* const mine[] = {(char*)"A=1", (char*)"B=2", NULL};
  char folder[4096 + 5] = "PATH=";
  strncat(folder, path, (size_t)(slash - path));

  if (strcmp(way, "execve") == 0) execve(path, arguments, mine);
  if (strcmp(way, "execve of nothing") == 0) execve(path, arguments, NULL);
  if (strcmp(way, "execle") == 0) execle(path, path, "outcome", NULL, mine);
  if (strcmp(way, "execvpe") == 0) {
    putenv(folder);
    execvpe(slash + 1, arguments, mine);
  }
  if (strcmp(way, "fexecve") == 0) fexecve(open(path, O_RDONLY | O_CLOEXEC), arguments, mine);
  if (strcmp(way, "fexecve of O_PATH") == 0) fexecve(open(path, O_PATH | O_CLOEXEC), arguments, mine);
  if (strcmp(way, "execveat") == 0) {
    *slash = '\0';
    const int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    execveat(directory, slash + 1, arguments, mine, 0);
  }
  // These hand on the environment that the program has.
  if (strcmp(way, "execv") == 0 && clearenv() == 0) execv(path, arguments);
  if (strcmp(way, "execl") == 0 && clearenv() == 0) execl(path, path, "outcome", NULL);
  if (strcmp(way, "execvp") == 0 && clearenv() == 0 && putenv(folder) == 0) execvp(slash + 1, arguments);
  if (strcmp(way, "execlp") == 0 && clearenv() == 0 && putenv(folder) == 0) execlp(slash + 1, path, "outcome", NULL);

  // What cannot be executed leaves the program as it was, errno included: argv[2] is an ELF file with nothing in it.
  if (strcmp(way, "in vain") == 0) {
    if (argc < 3 || execve("/nowhere/at/all", arguments, mine) != -1 || errno != ENOENT) return 20;
    if (execve("/", arguments, mine) != -1 || errno != EACCES) return 21;
    if (execv(argv[2], arguments) != -1 || errno != ENOEXEC) return 22;
    // EACCES: PATH has a folder that this user may not look into.
    if (execvp("no-such-program-anywhere", arguments) != -1 || (errno != ENOENT && errno != EACCES)) return 23;
    pid_t none = 0;
    if (posix_spawn(&none, "/nowhere/at/all", NULL, NULL, arguments, mine) != ENOENT) return 24;
    return outcome();
  }

  pid_t child = 0;
  if (strcmp(way, "posix_spawn") == 0) {
    return posix_spawn(&child, path, NULL, NULL, arguments, mine) == 0 ? status_of(child) : 4;
  }
  if (strcmp(way, "posix_spawn of nothing") == 0) {
    return posix_spawn(&child, path, NULL, NULL, arguments, NULL) == 0 ? status_of(child) : 4;
  }
  if (strcmp(way, "posix_spawnp") == 0) {
    putenv(folder);
    return posix_spawnp(&child, slash + 1, NULL, NULL, arguments, mine) == 0 ? status_of(child) : 4;
  }
  if (strcmp(way, "vfork") == 0) {
    child = vfork();
    if (child == 0) {
      execve(path, arguments, mine);
      _exit(98);
    }
    return status_of(child);
  }
  if (strcmp(way, "many variables") == 0) {
    enum { kMany = 5000 };
    static char* many[kMany + 1];
    for (int i = 0; i < kMany; ++i) many[i] = (char*)"SOME=thing";
    execve(path, arguments, many);
  }
  return 5;
}
