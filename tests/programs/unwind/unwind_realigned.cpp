// Stacks that are realigned: the CFA is found through a pointer saved in the frame (a DWARF expression), also in main
// itself, so that every stack of the program depends on it.

#include "tests/programs/unwind/unwind_blocks.h"

namespace {

struct alignas(64) Line {
  unsigned char bytes[64];
};

UNWIND_NOINLINE int plain(int depth) {
  touch_heap(24);
  const int result = depth > 0 ? plain(depth - 1) + 1 : 0;
  touch_heap(25);
  return result;
}

UNWIND_NOINLINE int aligned(int depth) {
  Line lines[2] = {};
  lines[0].bytes[depth % 64] = 1;
  UNWIND_BARRIER(lines);
  touch_heap(40);
  const int result = depth > 0 ? aligned(depth - 1) + lines[0].bytes[0] : plain(3);
  touch_heap(41);
  return result;
}

// Together with an array of variable length GCC keeps the frame's start in another register than rbp.
UNWIND_NOINLINE int aligned_array(int depth, int count) {
  Line line = {};
  line.bytes[0] = static_cast<unsigned char>(count);
  int* array = static_cast<int*>(__builtin_alloca(static_cast<unsigned long>(count) * sizeof(int)));
  array[0] = depth;
  UNWIND_BARRIER(&line);
  UNWIND_BARRIER(array);
  touch_heap(static_cast<unsigned long>(count));
  const int result = depth > 0 ? aligned_array(depth - 1, count + 1) + array[0] : aligned(2);
  touch_heap(7);
  return result;
}

UNWIND_NOINLINE __attribute__((force_align_arg_pointer)) int forced(int depth) {
  touch_heap(50);
  const int result = depth > 0 ? forced(depth - 1) + 1 : aligned_array(3, 5);
  touch_heap(51);
  return result;
}

}  // namespace

int main() {
  alignas(64) unsigned char buffer[128] = {};
  UNWIND_BARRIER(buffer);
  int sum = 0;
  for (int round = 0; round < 200; ++round) {
    sum += plain(round % 5) + aligned(round % 7) + aligned_array(round % 4, 3) + forced(round % 6);
    touch_heap(60);
  }
  UNWIND_BARRIER(&sum);
  return 0;
}
