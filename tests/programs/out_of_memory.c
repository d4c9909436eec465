// Takes memory under a limit on its data until there is none, and ends as programs do that can't go on.
//
// Expected: ended by SIGABRT; totals as counted, with the one allocation that failed.

#include <sys/resource.h>

#include "tests/programs/counted.h"

int main(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return 2;
  limit.rlim_cur = (rlim_t)256 << 20;
  if (setrlimit(RLIMIT_DATA, &limit) != 0) return 3;
  char* block;
  while ((block = counted(opaque(malloc(100000)), 100000))) memset(block, 1, 100000);
  report_counts();
  abort();
}
