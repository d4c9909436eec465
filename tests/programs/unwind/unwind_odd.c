// Hand-written code with call frame information that only a full interpreter understands, nested in all orders.

#include "tests/programs/unwind/unwind_blocks.h"
#include "tests/programs/unwind/unwind_odd_code.h"

enum { kOdd = 6 };
static void (*const kFunctions[kOdd])(Called) = {odd_cfa_in_rbx,     odd_cfa_in_r14,   odd_cfa_in_memory,
                                                 odd_return_address, odd_rbp_by_value, odd_remembered_state};
static unsigned g_path;
static int g_depth;

UNWIND_NOINLINE static void next(void) {
  touch_heap(90);
  if (g_depth > 0) {
    --g_depth;
    const unsigned function = g_path % kOdd;
    g_path /= kOdd;
    kFunctions[function](next);
  }
  touch_heap(91);
  touch_heap(92);
}

int main(void) {
  for (unsigned path = 0; path < 1296; ++path) {
    g_path = path;
    g_depth = 4;
    next();
  }
  return 0;
}
