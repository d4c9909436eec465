// Frames whose size is known only at run time: alloca and variable-length arrays, also large ones. The CFA follows rbp
// there, and the saved rbp is all that leads on.

#include <alloca.h>
#include <string.h>

#include "tests/programs/unwind/unwind_blocks.h"

UNWIND_NOINLINE static int with_alloca(int depth, size_t bytes) {
  char* space = alloca(bytes);
  memset(space, depth, bytes < 64 ? bytes : 64);
  UNWIND_BARRIER(space);
  touch_heap(bytes);
  if (depth > 0) with_alloca(depth - 1, bytes * 2 % 8191 + 1);
  touch_heap(bytes + 1);
  return space[0];
}

UNWIND_NOINLINE static int with_array(int depth, size_t count) {
  int array[count];
  array[0] = depth;
  UNWIND_BARRIER(array);
  touch_heap(count);
  if (depth > 0) array[0] += with_alloca(3, count) + with_array(depth - 1, count * 3 % 4099 + 1);
  touch_heap(count + 1);
  return array[0];
}

// A hole of megabytes between two frames, which no step may stumble into.
UNWIND_NOINLINE static int with_large_array(size_t bytes) {
  char* space = alloca(bytes);
  UNWIND_BARRIER(space);
  touch_heap(1);
  const int result = with_array(3, 17);
  touch_heap(2);
  return result;
}

// Frames that end at one address and begin at different ones: only rbp tells where the caller is.
UNWIND_NOINLINE static int ends_at_one_place(size_t bytes) {
  char* space = alloca(bytes);
  UNWIND_BARRIER(space);
  void* block = malloc(9);  // one event only, so that the next one begins in the very same place
  UNWIND_BARRIER(block);
  return space[0] = 1;
}

#define BEGINS_ELSEWHERE(name, value)                                   \
  UNWIND_NOINLINE static int name(size_t bytes, size_t total) {         \
    char* space = alloca(bytes);                                        \
    UNWIND_BARRIER(space);                                              \
    return space[0] = (char)(ends_at_one_place(total - bytes) + value); \
  }
BEGINS_ELSEWHERE(begins_here, 1)
BEGINS_ELSEWHERE(begins_there, 2)

// Likewise, with a frame in between that keeps the caller's rbp for it: the words that lead out of this frame differ in
// nothing but that.
UNWIND_NOINLINE static int keeps_rbp(int value) {
  void* block = malloc(10);
  __asm__ volatile("" : : "r"(block) : "rbp", "memory");
  return value + 1;
}

UNWIND_NOINLINE static int in_the_middle(size_t bytes) {
  char* space = alloca(bytes);
  UNWIND_BARRIER(space);
  return space[0] = (char)keeps_rbp(1);
}

#define BEGINS_FURTHER_OUT(name, value)                             \
  UNWIND_NOINLINE static int name(size_t bytes, size_t total) {     \
    char* space = alloca(bytes);                                    \
    UNWIND_BARRIER(space);                                          \
    return space[0] = (char)(in_the_middle(total - bytes) + value); \
  }
BEGINS_FURTHER_OUT(further_here, 1)
BEGINS_FURTHER_OUT(further_there, 2)

int main(void) {
  int sum = 0;
  for (int round = 0; round < 50; ++round) {
    for (size_t bytes = 64; bytes < 1024; bytes += 64) {
      sum += (bytes % 128 ? begins_here : begins_there)(bytes, 1024);
    }
    for (size_t bytes = 64; bytes < 1024; bytes += 64) {
      sum += (bytes % 128 ? further_here : further_there)(bytes, 1024);
    }
  }
  for (int round = 1; round < 200; ++round) {
    sum += with_alloca(round % 20, 16 + (size_t)round) + with_array(round % 10, (size_t)round);
  }
  for (size_t megabytes = 1; megabytes < 7; ++megabytes) sum += with_large_array(megabytes << 20);
  UNWIND_BARRIER(&sum);
  return 0;
}
