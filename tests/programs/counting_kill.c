// Counts its own mallocs and frees in a file that is mapped shared (the argument), one by one, until somebody kills it.
// The file's first 8 bytes are the count, the next 8 the pid.
//
// Expected after SIGKILL at any moment: the profile holds as many events as the file says, or one more.

#include <fcntl.h>
#include <sys/mman.h>

#include "tests/programs/counted.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int file = open(argv[1], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, 4096) != 0) return 3;
  volatile count_t* done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (done == MAP_FAILED) return 4;
  done[1] = (count_t)getpid();
  for (;;) {
    void* block = opaque(malloc(32));
    *done += 1;
    free(block);
    *done += 1;
  }
}
