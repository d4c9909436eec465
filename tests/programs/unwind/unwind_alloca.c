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

int main(void) {
  int sum = 0;
  for (int round = 1; round < 200; ++round) {
    sum += with_alloca(round % 20, 16 + (size_t)round) + with_array(round % 10, (size_t)round);
  }
  for (size_t megabytes = 1; megabytes < 7; ++megabytes) sum += with_large_array(megabytes << 20);
  UNWIND_BARRIER(&sum);
  return 0;
}
