// Calls a function of a library for the first time from a few frames deep, with lazy binding.

#include "tests/programs/unwind/unwind_blocks.h"

int lazily_chosen(int value);

UNWIND_NOINLINE static int call_at(int depth) {
  touch_heap(73);
  const int result = depth > 0 ? call_at(depth - 1) : lazily_chosen(1);
  touch_heap(74);
  return result;
}

int main(void) { return call_at(5) + call_at(3) == 4 ? 0 : 1; }
