// Allocations that fail, by size, by overflow, and by a limit on the address space.
//
// Expected: each is one failed allocation and changes nothing else; the block of a failed realloc lives on. The values
// of errno, printed on standard error, are the same as without memprof.

#include <malloc.h>
#include <sys/resource.h>

#include "tests/programs/counted.h"

static void note(const char* what) {
  struct report line = {};
  report_number(&line, what, (count_t)errno);
  report_text(&line, "}\n");
  if (write(STDERR_FILENO, line.text, line.used) < 0) _exit(99);
}

int main(void) {
  const size_t too_much = opaque_size(SIZE_MAX / 2);
  char* block = counted(opaque(malloc(1000)), 1000);
  memset(block, 'x', 1000);

  errno = 0;
  counted(malloc(too_much), 0), note("malloc");
  errno = 0;
  counted(calloc(too_much, 4), 0), note("calloc");
  errno = 0;
  counted(realloc(opaque(block), too_much), 0), note("realloc");
  errno = 0;
  counted(reallocarray(opaque(block), too_much, 16), 0), note("reallocarray");
  errno = 0;
  counted(memalign(4096, too_much), 0), note("memalign");
  errno = 0;
  counted(aligned_alloc(64, too_much), 0), note("aligned_alloc");
  void* unset = block;
  errno = 0;
  if (posix_memalign(&unset, 64, too_much) != ENOMEM || unset != block) return 1;
  counted(NULL, 0);
  errno = 0;
  counted(valloc(too_much), 0), note("valloc");

  // 16 MiB more than now, then a block of 1 GiB.
  struct rlimit limit = {1 << 20, RLIM_INFINITY};
  limit.rlim_cur = (rlim_t)16 << 20;
  if (setrlimit(RLIMIT_DATA, &limit) != 0) return 2;
  errno = 0;
  counted(opaque(malloc((size_t)1 << 30)), 0), note("malloc over the limit");
  errno = 0;
  counted(realloc(opaque(block), (size_t)1 << 30), 0), note("realloc over the limit");

  for (int i = 0; i < 1000; ++i) {
    if (block[i] != 'x') return 3;
  }
  counted_free(block, 1000);
  report_counts_and_peak();
  return 0;
}
