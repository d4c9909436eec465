// Blocks around and above 4 GiB that are never touched, one at a time: sizes do not fit in 32 bits.
//
// Expected: totals and peak as counted, to the byte. Where the machine refuses a size, the failure is counted instead.
// "--for-memcheck" leaves out calloc and realloc, in which Memcheck does touch all of the memory.

#include "tests/programs/counted.h"

static const size_t kGiB = (size_t)1 << 30;

static void grow(void) {
  void* grown = counted(opaque(malloc(kGiB)), kGiB);
  if (!grown) return;
  size_t bytes = kGiB;
  for (int i = 0; i < 3; ++i) {
    void* moved = counted_realloc(grown, bytes, 2 * bytes);
    if (!moved) break;
    grown = moved;
    bytes *= 2;
  }
  void* small = counted(opaque(malloc(3)), 3);
  counted_free(grown, bytes);
  counted_free(small, 3);
}

int main(int argc, char** argv) {
  int everything = !(argc > 1 && strcmp(argv[1], "--for-memcheck") == 0);
  const size_t sizes[] = {kGiB,         4 * kGiB - 1, 4 * kGiB,      4 * kGiB + 1, 5 * kGiB + 12345,
                          8 * kGiB - 1, 8 * kGiB,     0x1fffffffeULL};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    void* block = counted(opaque(malloc(sizes[i])), sizes[i]);
    if (block) counted_free(block, sizes[i]);
    if (!everything) continue;
    block = counted(opaque(calloc(sizes[i], 1)), sizes[i]);
    if (block) counted_free(block, sizes[i]);
  }
  if (everything) grow();
  report_counts_and_peak();
  return 0;
}
