// Allocates at the bottom of a recursion that is as deep as the argument says, and at every 100th level of it.
//
// Expected: totals as counted, whatever the depth. Stacks of 10,000 frames are whole; of 100,000, the outer part is
// cut, and each such event counted in truncated_stacks.

#include "tests/programs/counted.h"

__attribute__((noinline)) static int descend(long left) {
  int freed = 0;
  if (left % 100 == 0) {
    counted_free(counted(opaque(malloc(64)), 64), 64);
    freed = 1;
  }
  if (left > 0) freed += descend(left - 1);
  opaque(&freed);  // the call above is no tail call
  return freed;
}

int main(int argc, char** argv) {
  long depth = argc > 1 ? strtol(argv[1], NULL, 10) : 10000;
  if (descend(depth) != depth / 100 + 1) return 1;
  report_counts_and_peak();
  return 0;
}
