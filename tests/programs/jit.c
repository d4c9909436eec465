// Code that is made while the program runs, in memory that no file stands behind and without call frame information,
// calls malloc and free.
//
// Expected: totals as counted. The stacks of these 2,000 events are cut behind their innermost frame, and flagged.

#include <sys/mman.h>

#include "tests/programs/counted.h"

// Calls the function that is the first argument with the second one; pushes a register to keep the stack aligned.
static const unsigned char kCode[] = {0x53,              // push %rbx
                                      0x48, 0x89, 0xf8,  // mov %rdi, %rax
                                      0x48, 0x89, 0xf7,  // mov %rsi, %rdi
                                      0xff, 0xd0,        // call *%rax
                                      0x5b,              // pop %rbx
                                      0xc3};             // ret

typedef void* (*Call)(void*, void*);

int main(void) {
  void* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  memcpy(memory, kCode, sizeof kCode);
  if (mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0) return 3;
  Call call = NULL;
  memcpy(&call, &memory, sizeof call);
  for (int i = 0; i < 1000; ++i) {
    void* block = counted(call((void*)malloc, (void*)120), 120);
    count_free(120);
    call((void*)free, block);
  }
  report_counts_and_peak();
  return 0;
}
