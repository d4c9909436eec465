// Tail calls (this file is compiled with -O2): a frame is replaced by another function's at the same place, and a frame
// in the middle of a stack is not there at all.

#include "tests/programs/unwind/unwind_blocks.h"

UNWIND_NOINLINE static int last(int value) {
  touch_heap(11);
  return value;
}

UNWIND_NOINLINE static int other_last(int value) {
  char space[100];
  UNWIND_BARRIER(space);
  touch_heap(12);
  touch_heap(13);
  return value + space[value % 2];
}

typedef int (*Next)(int, int);
UNWIND_NOINLINE static int hop(int depth, int value);
UNWIND_NOINLINE static int skip(int depth, int value) {
  touch_heap(14);
  if (depth == 0) return other_last(value);
  Next next = depth % 3 ? hop : skip;
  return next(depth - 1, value + 1);
}

UNWIND_NOINLINE static int hop(int depth, int value) {
  touch_heap(15);
  if (depth == 0) return last(value);
  Next next = depth % 2 ? skip : hop;
  return next(depth - 1, value + 2);
}

UNWIND_NOINLINE static int nested(int depth) {
  touch_heap(16);
  const int result = depth > 0 ? nested(depth - 1) + hop(depth, depth) : skip(7, 1);
  touch_heap(17);
  return result;
}

int main(void) {
  int sum = 0;
  for (int round = 0; round < 300; ++round) sum += hop(round % 9, 0) + skip(round % 8, 0) + nested(round % 6);
  UNWIND_BARRIER(&sum);
  return 0;
}
