// Every C allocation function once or more, in every form that malloc(3) gives a meaning to.
//
// Expected: totals as counted. free(NULL) and malloc_usable_size() are no events; realloc is one free and one
// allocation; realloc(NULL, n) is one allocation; realloc(p, 0) frees p; zero-size allocations are blocks of 0 bytes; a
// failed realloc leaves its block alone. Sizes are what was asked for, also where the allocator rounds up (pvalloc).
// "--for-memcheck" leaves out what Memcheck 3.19 gets wrong: it refuses pvalloc, and counts failed reallocs as done.

#include <malloc.h>

#include "tests/programs/counted.h"

static void must(int condition) {
  if (!condition) abort();
}

static void plain(void) {
  void* block = counted(opaque(malloc(100)), 100);
  must(malloc_usable_size(block) >= 100);
  counted_free(block, 100);
  free(opaque(NULL));
  must(malloc_usable_size(opaque(NULL)) == 0);

  block = counted(opaque(malloc(opaque_size(0))), 0);
  counted_free(block, 0);

  unsigned char* zeroed = counted(opaque(calloc(7, 11)), 77);
  for (int i = 0; i < 77; ++i) must(zeroed[i] == 0);
  counted_free(zeroed, 77);
  counted_free(counted(opaque(calloc(opaque_size(0), 8)), 0), 0);
  must(!counted(opaque(calloc(opaque_size(SIZE_MAX / 2), 3)), 0));
}

static void resized(int with_failures) {
  char* block = counted_realloc(NULL, 0, 40);
  memset(block, 'a', 40);
  block = counted_realloc(block, 40, 4000);
  must(block[0] == 'a' && block[39] == 'a');
  block = counted_realloc(block, 4000, 400000);
  must(block[39] == 'a');
  block = counted_realloc(block, 400000, 10);
  must(block[9] == 'a');
  if (with_failures) must(!counted_realloc(block, 10, opaque_size(SIZE_MAX / 2)));
  must(block[9] == 'a');
  block = counted_realloc(block, 10, 10);

  // glibc frees and returns NULL; that is not a failure.
  count_free(10);
  must(!realloc(block, opaque_size(0)));

  block = counted(opaque(reallocarray(NULL, 6, 50)), 300);
  count_free(300);
  block = counted(opaque(reallocarray(block, 60, 50)), 3000);
  errno = 0;
  if (with_failures) must(!counted(reallocarray(opaque(block), opaque_size(SIZE_MAX / 2), 4), 0) && errno == ENOMEM);
  counted_free(block, 3000);
}

static void aligned_to(void* block, uintptr_t alignment, size_t bytes) {
  must(block && (uintptr_t)block % alignment == 0);
  memset(block, 1, bytes);
  counted(block, bytes);
  counted_free(block, bytes);
}

static void aligned(int with_pvalloc) {
  aligned_to(opaque(memalign(64, 1000)), 64, 1000);
  aligned_to(opaque(memalign(4096, 33)), 4096, 33);
  aligned_to(opaque(aligned_alloc(256, 512)), 256, 512);
  void* block = NULL;
  must(posix_memalign(&block, 128, 130) == 0);
  aligned_to(opaque(block), 128, 130);
  void* untouched = &block;
  must(posix_memalign(&untouched, 1 << 20, 5) == 0);
  aligned_to(opaque(untouched), 1 << 20, 5);
  aligned_to(opaque(valloc(70)), 4096, 70);
  if (with_pvalloc) aligned_to(opaque(pvalloc(5000)), 4096, 5000);
}

static void kept(void) {
  counted(opaque(malloc(11)), 11);
  counted(opaque(calloc(2, 11)), 22);
  counted(opaque(memalign(64, 33)), 33);
}

int main(int argc, char** argv) {
  int everything = !(argc > 1 && strcmp(argv[1], "--for-memcheck") == 0);
  plain();
  resized(everything);
  aligned(everything);
  kept();
  report_counts_and_peak();
  return 0;
}
