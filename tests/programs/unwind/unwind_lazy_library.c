// A library whose function is chosen when it is first called: the resolver allocates in the middle of lazy binding, on
// top of _dl_runtime_resolve, whose CFA is in rbx.

#include "tests/programs/unwind/unwind_blocks.h"

UNWIND_NOINLINE static int chosen(int value) {
  touch_heap(70);
  return value + 1;
}

UNWIND_NOINLINE static int choose(int depth) {
  touch_heap(71);
  const int result = depth > 0 ? choose(depth - 1) + 1 : 0;
  touch_heap(72);
  return result;
}

typedef int Function(int);
__attribute__((used)) static Function* resolve(void) { return choose(4) == 4 ? chosen : NULL; }

__attribute__((ifunc("resolve"))) int lazily_chosen(int value);
