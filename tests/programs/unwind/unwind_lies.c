// Call frame information that lies, and code that has none: the stack ends there, and nothing worse happens. Run with
// an argument for rubbish of every kind in rbp.

#include <string.h>
#include <sys/mman.h>

#include "tests/programs/unwind/unwind_blocks.h"
#include "tests/programs/unwind/unwind_odd_code.h"

UNWIND_NOINLINE static void called(void) {
  touch_heap(95);
  touch_heap(96);
}

UNWIND_NOINLINE static void without_cfi(void) {
  for (int i = 0; i < 20; ++i) odd_without_cfi(called);
}

/// Code made at run time: mov %rdi, %rax; sub $8, %rsp; call *%rax; add $8, %rsp; ret.
UNWIND_NOINLINE static void from_generated_code(void) {
  static const unsigned char kCode[] = {0x48, 0x89, 0xf8, 0x48, 0x83, 0xec, 0x08,
                                        0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};
  void* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(code, kCode, sizeof kCode);
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
  for (int i = 0; i < 20; ++i) ((void (*)(Called))code)(called);
  munmap(code, 4096);
}

UNWIND_NOINLINE static void with_rubbish(void) {
  char local[64];
  char* guarded = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(guarded + 4096, 4096, PROT_READ | PROT_WRITE);
  memset(guarded + 4096, 0x41, 4096);
  void* block = malloc(1 << 16);
  memset(block, 0x42, 1 << 16);
  const uintptr_t values[] = {0,
                              1,
                              8,
                              (uintptr_t)-1,
                              (uintptr_t)-8,
                              (uintptr_t)-16,
                              (uintptr_t)1 << 63,
                              (uintptr_t)1 << 47,
                              ((uintptr_t)1 << 47) - 16,
                              (uintptr_t)guarded,
                              (uintptr_t)guarded + 4096 - 16,
                              (uintptr_t)guarded + 4096 + 8,
                              (uintptr_t)guarded + 2 * 4096 - 16,
                              (uintptr_t)guarded + 2 * 4096 - 12,
                              (uintptr_t)guarded + 2 * 4096 - 8,
                              (uintptr_t)block + 64,
                              (uintptr_t)&local,
                              (uintptr_t)&local - 4096,
                              (uintptr_t)&local + 4099,
                              (uintptr_t)&with_rubbish};
  for (int round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < sizeof values / sizeof *values; ++i) odd_lying_rbp(called, values[i]);
  }
  free(block);
  munmap(guarded, 3 * 4096);
}

int main(int argc, char** argv) {
  without_cfi();
  from_generated_code();
  if (argc > 1 && strcmp(argv[1], "rubbish") == 0) with_rubbish();
  touch_heap(97);
  return 0;
}
