// longjmp and siglongjmp out of deep stacks, and back into another branch whose frames lie at the same addresses with
// other contents: what was remembered of the old ones must not be believed.

#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "tests/programs/unwind/unwind_blocks.h"

static jmp_buf g_out;
static sigjmp_buf g_out_of_handler;

UNWIND_NOINLINE static int left(int depth, int jump_at) {
  touch_heap(16);
  if (depth == jump_at) longjmp(g_out, 1);
  const int result = depth > 0 ? left(depth - 1, jump_at) + 1 : 0;
  touch_heap(17);
  return result;
}

UNWIND_NOINLINE static int right(int depth, int jump_at) {
  touch_heap(16);
  if (depth == jump_at) longjmp(g_out, 2);
  const int result = depth > 0 ? (depth % 2 ? right : left)(depth - 1, jump_at) + 1 : 0;
  touch_heap(17);
  return result;
}

static void on_signal(int number) {
  touch_heap((size_t)number);
  siglongjmp(g_out_of_handler, 1);
}

int main(void) {
  volatile int jumps = 0;
  for (volatile int round = 0; round < 300; ++round) {
    if (setjmp(g_out) == 0) {
      (round % 2 ? right : left)(round % 40, round % 7);
    } else {
      ++jumps;
      touch_heap(3);
    }
  }
  signal(SIGUSR1, on_signal);
  for (volatile int round = 0; round < 50; ++round) {
    if (sigsetjmp(g_out_of_handler, 1) == 0) raise(SIGUSR1);
    touch_heap(4);
  }
  return jumps > 0 ? 0 : 1;
}
