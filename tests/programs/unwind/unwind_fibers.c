// Stacks that a thread switches between: swapcontext fibers that allocate in turns; fibers whose stacks are unmapped
// and mapped again smaller at the same place; fibers entered by a jump, with rubbish where a return address would be,
// at the very end of the mapped memory.

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/programs/unwind/unwind_blocks.h"

enum { kFibers = 8, kStackBytes = 64 << 10 };

static ucontext_t g_main, g_fibers[kFibers];

UNWIND_NOINLINE static int work(int depth, int fiber) {
  touch_heap(32);
  if (depth == 3) swapcontext(&g_fibers[fiber], &g_main);
  const int result = depth > 0 ? work(depth - 1, fiber) + 1 : 0;
  touch_heap(33);
  return result;
}

static void fiber_main(int fiber) {
  for (int round = 0; round < 20; ++round) work(5 + fiber, fiber);
}

static void swap_contexts(void) {
  for (int i = 0; i < kFibers; ++i) {
    getcontext(&g_fibers[i]);
    g_fibers[i].uc_stack.ss_sp =
        mmap(NULL, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    g_fibers[i].uc_stack.ss_size = kStackBytes;
    g_fibers[i].uc_link = &g_main;
    makecontext(&g_fibers[i], (void (*)(void))fiber_main, 1, i);
  }
  for (int round = 0; round < 19; ++round) {
    for (int i = 0; i < kFibers; ++i) {
      swapcontext(&g_main, &g_fibers[i]);
      touch_heap(5);
    }
  }
  for (int i = 0; i < kFibers; ++i) munmap(g_fibers[i].uc_stack.ss_sp, kStackBytes);
}

UNWIND_NOINLINE static int climb(int depth) {
  touch_heap(48);
  const int result = depth > 0 ? climb(depth - 1) + 1 : 0;
  touch_heap(49);
  return result;
}

__attribute__((used)) static void* g_saved_sp;
__attribute__((used)) static void climb_from_there(void) { climb(10); }

/// Goes over to the stack that ends at `top`, calls climb_from_there() there and comes back. The code that calls it
/// says that its own return address is at `top`, which is not true: it was jumped to.
void run_on_stack(void* top);
__asm__(
    ".text\n.type run_on_stack, @function\n"
    "run_on_stack:\n.cfi_startproc\n"
    "push %rbx\n.cfi_adjust_cfa_offset 8\npush %rbp\n.cfi_adjust_cfa_offset 8\n"
    "push %r12\n.cfi_adjust_cfa_offset 8\npush %r13\n.cfi_adjust_cfa_offset 8\n"
    "push %r14\n.cfi_adjust_cfa_offset 8\npush %r15\n.cfi_adjust_cfa_offset 8\n"
    "mov %rsp, g_saved_sp(%rip)\nmov %rdi, %rsp\nxor %ebp, %ebp\njmp on_own_stack\n"
    ".cfi_endproc\n.size run_on_stack, .-run_on_stack\n"
    ".type on_own_stack, @function\n"
    "on_own_stack:\n.cfi_startproc\n"
    "call climb_from_there\n"
    "mov g_saved_sp(%rip), %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
    ".cfi_endproc\n.size on_own_stack, .-on_own_stack\n");

/// Stacks between unreadable pages, smaller each time, so that each ends in the middle of where the one before was.
static void jump_to_stacks(size_t rubbish_bytes) {
  const size_t page = 4096;
  char* space = mmap(NULL, 32 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t pages = 24; pages > 4; pages -= 4) {
    mprotect(space + page, pages * page, PROT_READ | PROT_WRITE);
    char* top = space + page + pages * page - rubbish_bytes;
    memset(top, 0x5a, rubbish_bytes);
    run_on_stack(top);
    touch_heap(6);
    mprotect(space + page, pages * page, PROT_NONE);
  }
  munmap(space, 32 * page);
}

int main(int argc, char** argv) {
  swap_contexts();
  if (argc > 1 && strcmp(argv[1], "jump") == 0) {
    for (int round = 0; round < 20; ++round) {
      jump_to_stacks(64);
      jump_to_stacks(0);
    }
  }
  touch_heap(7);
  return 0;
}
