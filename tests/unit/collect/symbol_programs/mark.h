#pragma once
// MARK("name") prints "name 0x…": the ELF address that the call returns to, which is what a profiler sees of it.

#ifdef __cplusplus
extern "C" {
#endif
void mark(const char* name);
#ifdef __cplusplus
}
#endif

// The empty statement behind keeps the call from becoming a jump.
#define MARK(name)                     \
  do {                                 \
    mark(name);                        \
    __asm__ volatile("" ::: "memory"); \
  } while (0)
