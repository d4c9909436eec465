// Two libraries of equal size with different code at equal offsets: FRAME_BYTES of locals make the difference in each
// unwind rule.

#include "tests/programs/unwind/unwind_blocks.h"

UNWIND_NOINLINE static int descend(int depth) {
  char space[FRAME_BYTES];
  UNWIND_BARRIER(space);
  touch_heap(FRAME_BYTES);
  const int result = depth > 0 ? descend(depth - 1) + 1 : 0;
  touch_heap(FRAME_BYTES + 1);
  return result;
}

int plugin_run(int depth) { return descend(depth); }
