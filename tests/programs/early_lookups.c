// Stands in front of dlsym and allocates in it, as some debuggers' and profilers' libraries do: so whoever looks up the
// real malloc with dlsym is asked for memory in the middle of it.
//
// Expected: no crash; the blocks that were made in the middle of a look-up can be resized and freed afterwards; totals
// of everything after that as counted.

#include <dlfcn.h>
#include <malloc.h>

#include "tests/programs/counted.h"

enum { kEarly = 64 };

static void* early[kEarly];
static volatile int early_used;
void* real_dlsym;

__attribute__((noinline)) void allocate_early(void) {
  for (int i = 0; i < 4 && early_used < kEarly; ++i) {
    char* block = i == 0 ? calloc(3, 50) : i == 1 ? memalign(64, 150) : malloc(100);
    if (!block || (i == 1 && (uintptr_t)block % 64 != 0)) abort();
    block = realloc(block, 150);
    for (int at = 0; i == 0 && at < 150; ++at) {
      if (block[at] != 0) abort();
    }
    if (malloc_usable_size(block) < 150) abort();
    memset(block, 'e', 150);
    early[early_used++] = block;
    free(malloc(10));
  }
  // dlvsym is not the function that is replaced here.
  if (!real_dlsym) real_dlsym = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (!real_dlsym) real_dlsym = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  if (!real_dlsym) abort();
}

// A jump, not a call: the real dlsym looks at its return address to know what RTLD_NEXT means.
__asm__(
    ".globl dlsym\n"
    ".type dlsym, @function\n"
    "dlsym:\n"
    "  .cfi_startproc\n"
    "  push %rdi\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  push %rsi\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  sub $8, %rsp\n"
    "  .cfi_adjust_cfa_offset 8\n"
    "  call allocate_early\n"
    "  add $8, %rsp\n"
    "  .cfi_adjust_cfa_offset -8\n"
    "  pop %rsi\n"
    "  .cfi_adjust_cfa_offset -8\n"
    "  pop %rdi\n"
    "  .cfi_adjust_cfa_offset -8\n"
    "  mov real_dlsym(%rip), %rax\n"
    "  jmp *%rax\n"
    "  .cfi_endproc\n"
    "  .size dlsym, .-dlsym\n");

int main(void) {
  // Without memprof nobody has looked anything up so far.
  if (early_used == 0) allocate_early();
  for (int i = 0; i < early_used; ++i) {
    char* block = early[i];
    if (i % 2) {
      block = realloc(opaque(block), 5000);
      if (!block) return 2;
    }
    for (int at = 0; at < 150; ++at) {
      if (block[at] != 'e') return 3;
    }
    free(block);
  }
  for (size_t i = 0; i < 1000; ++i) counted(opaque(malloc(i)), i);
  struct report report = {};
  report_number(&report, "pid", (count_t)getpid());
  report_number(&report, "live_blocks", counts.allocations);
  report_number(&report, "live_bytes", counts.allocated_bytes);
  report_end(&report);
  return 0;
}
