// Closes every descriptor but its standard ones, leaves its directory, and works on; then opens files again, which get
// the numbers that were freed.
//
// Expected: totals as counted; the file that it writes holds what it wrote and nothing else.

#include <fcntl.h>

#include "tests/programs/counted.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (int descriptor = 3; descriptor < 1024; ++descriptor) close(descriptor);
  if (chdir("/") != 0) return 3;
  int files[16];
  for (int i = 0; i < 16; ++i) {
    files[i] = open(argv[1], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (files[i] != 3 + i) return 4;
  }
  for (int i = 0; i < 10000; ++i) {
    counted_free(counted(opaque(malloc((size_t)i)), (size_t)i), (size_t)i);
    if (i % 1000 == 0 && write(files[i / 1000], "x", 1) != 1) return 5;
  }
  report_counts_and_peak();
  return 0;
}
