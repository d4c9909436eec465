// errno around calls that succeed: free() keeps it, and the others leave it as they do without memprof.
//
// Expected: standard error is the same with and without memprof; totals as counted.

#include <malloc.h>

#include "tests/programs/counted.h"

static struct report line;

static void note(const char* what) {
  int now = errno;
  report_number(&line, what, (count_t)now);
  errno = EXDEV;
}

int main(void) {
  errno = EXDEV;
  for (int round = 0; round < 3; ++round) {
    size_t bytes = round == 2 ? (size_t)64 << 20 : 100;  // the last ones come from mmap and go back by munmap
    void* block = counted(opaque(malloc(bytes)), bytes);
    note("malloc");
    block = counted_realloc(block, bytes, 2 * bytes);
    note("realloc");
    counted_free(block, 2 * bytes);
    note("free");
    block = counted(opaque(calloc(bytes, 1)), bytes);
    note("calloc");
    counted_free(block, bytes);
    note("free");
    block = NULL;
    if (posix_memalign(&block, 64, bytes) != 0) return 1;
    counted(block, bytes);
    note("posix_memalign");
    if (malloc_usable_size(block) < bytes) return 2;
    note("malloc_usable_size");
    counted_free(block, bytes);
    note("free");
    free(opaque(NULL));
    note("free(NULL)");
  }
  report_text(&line, "}\n");
  if (write(STDERR_FILENO, line.text, line.used) < 0) return 3;
  report_counts_and_peak();
  return 0;
}
