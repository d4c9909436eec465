// 8 fibers (ucontext) that take turns on stacks of their own, allocating at different depths, with longjmp in between.
//
// Expected: totals as counted; the blocks of fiber_body are found under fiber_body, 1,600 of them, and those made at a
// longjmp's start under jump_out, 800.

#include <setjmp.h>
#include <ucontext.h>

#include "tests/programs/counted.h"

enum { kFibers = 8, kTurns = 100, kStack = 64 << 10 };

static ucontext_t scheduler, fibers[kFibers];
static char stacks[kFibers][kStack];
static jmp_buf landing;

__attribute__((noinline)) static void jump_out(int depth) {
  char frame[32];
  opaque(frame);
  if (depth > 0) {
    jump_out(depth - 1);
    opaque(frame);
  }
  counted(opaque(malloc(16)), 16);
  if (opaque_size(1)) longjmp(landing, 1);
}

__attribute__((noinline)) static void at_depth(int depth, int fiber) {
  char frame[48];
  opaque(frame);
  if (depth > 0) {
    at_depth(depth - 1, fiber);
    opaque(frame);
    return;
  }
  void* block = counted(opaque(malloc(100)), 100);
  swapcontext(&fibers[fiber], &scheduler);
  counted_free(block, 100);
}

static void fiber_body(int fiber) {
  for (volatile int turn = 0; turn < kTurns; ++turn) {
    at_depth(turn % 7 + fiber, fiber);
    if (setjmp(landing) == 0) jump_out(turn % 5);
    void* block = counted(opaque(malloc(10)), 10);
    swapcontext(&fibers[fiber], &scheduler);
    counted_free(block, 10);
  }
}

int main(void) {
  for (int i = 0; i < kFibers; ++i) {
    getcontext(&fibers[i]);
    fibers[i].uc_stack.ss_sp = stacks[i];
    fibers[i].uc_stack.ss_size = kStack;
    fibers[i].uc_link = &scheduler;
    makecontext(&fibers[i], (void (*)(void))fiber_body, 1, i);
  }
  for (int turn = 0; turn <= 2 * kTurns; ++turn) {
    for (int i = 0; i < kFibers; ++i) swapcontext(&scheduler, &fibers[i]);
  }
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "peak_bytes", counts.peak_bytes);
  report_number(&report, "allocations of jump_out", kFibers * kTurns);
  report_number(&report, "allocations of at_depth", kFibers * kTurns);
  report_number(&report, "allocations of fiber_body", kFibers * kTurns);
  report_end(&report);
  return 0;
}
