// A recursion of as many levels as the argument says (10,000) through two functions in turns, allocating at each level
// on the way in and out.

#include "tests/programs/unwind/unwind_blocks.h"

UNWIND_NOINLINE static long odd(long left);
UNWIND_NOINLINE static long even(long left) {
  touch_heap(21);
  const long result = left > 0 ? odd(left - 1) + 1 : 0;
  touch_heap(22);
  return result;
}

UNWIND_NOINLINE static long odd(long left) {
  char space[40];
  UNWIND_BARRIER(space);
  touch_heap(23);
  const long result = left > 0 ? even(left - 1) + 1 : 0;
  if (left % 16 == 0) touch_heap(24);
  return result;
}

int main(int argc, char** argv) {
  const long depth = argc > 1 ? atol(argv[1]) : 10000;
  return even(depth) == depth ? 0 : 1;
}
