// Allocates a thousand times as many blocks as its argument says, and becomes itself with one less, down to 0; with a
// second argument of "scrubbed", the next image gets an empty environment.
//
// Expected: one profile for each image, all of one pid; the image that was given N has N thousand blocks of 100 bytes,
// unfreed.

#include "tests/programs/counted.h"

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  long left = strtol(argv[1], NULL, 10);
  for (long i = 0; i < 1000 * left; ++i) counted(opaque(malloc(100)), 100);
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "image", (count_t)left);
  report_end(&report);
  if (left == 0) return 0;

  char next[2] = {(char)('0' + left - 1), '\0'};
  char* const arguments[] = {argv[0], next, argc > 2 ? argv[2] : NULL, NULL};
  char* const nothing[] = {NULL};
  execve("/proc/self/exe", arguments, argc > 2 ? nothing : environ);
  return 127;
}
