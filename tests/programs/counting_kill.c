// Counts its own mallocs and frees in a file that is mapped shared (first argument), one by one, until somebody kills
// it or it has made as many as the second argument says; then it ends in the way of the third: exit (usual), _exit,
// abort. The file's first 8 bytes are the count, the next 8 the pid.
//
// Expected when it is killed at any moment: the profile holds as many events as the file says, or one more.

#include <fcntl.h>
#include <sys/mman.h>

#include "tests/programs/counted.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  alarm(300);  // in case whoever should have killed us is gone
  int file = open(argv[1], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, 4096) != 0) return 3;
  volatile count_t* done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (done == MAP_FAILED) return 4;
  const count_t limit = argc > 2 ? strtoull(argv[2], NULL, 10) : ~(count_t)0;
  const char* how = argc > 3 ? argv[3] : "exit";
  done[1] = (count_t)getpid();
  while (*done < limit) {
    void* block = opaque(malloc(32));
    *done += 1;
    free(block);
    *done += 1;
  }
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "_exit") == 0) _exit(7);
  struct report report = {};
  report_number(&report, "pid", (count_t)getpid());
  report_number(&report, "allocations", *done / 2);
  report_number(&report, "frees", *done / 2);
  report_end(&report);
  return 7;
}
