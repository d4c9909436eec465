// Calls of functions that don't return as the very last instruction of their callers: the return address belongs to
// the function behind, or to none.

#include <setjmp.h>

#include "tests/programs/unwind/unwind_blocks.h"

static jmp_buf g_out;

UNWIND_NOINLINE __attribute__((noreturn)) static void leave(int value) {
  touch_heap((size_t)value);
  longjmp(g_out, value);
}

// The space differs, so that the neighbour's rule at the return address would be wrong.
UNWIND_NOINLINE __attribute__((noreturn)) static void first(int value) {
  char space[24];
  UNWIND_BARRIER(space);
  leave(value + 1);
}

UNWIND_NOINLINE __attribute__((noreturn)) static void second(int value) {
  char space[400];
  UNWIND_BARRIER(space);
  first(value + 1);
}

UNWIND_NOINLINE __attribute__((noreturn)) static void third(int value) {
  touch_heap((size_t)value);
  second(value + 1);
}

int main(void) {
  volatile int left = 0;
  for (volatile int round = 1; round < 200; ++round) {
    if (setjmp(g_out) != 0) {
      ++left;
      touch_heap(2);
      continue;
    }
    switch (round % 3) {
      case 0:
        first(round);
      case 1:
        second(round);
      default:
        third(round);
    }
  }
  return left == 199 ? 0 : 1;
}
