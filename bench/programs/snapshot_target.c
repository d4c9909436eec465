/* usage: snapshot_target BLOCKS STACKS
 *
 * Keeps BLOCKS blocks, allocated with about STACKS call stacks, says "ready", then allocates and frees until a line
 * comes on standard input, and says how long the longest malloc and free of that time took. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void** kept;
static long kept_count;

/* A call stack is a path of DEPTH steps to the left or to the right. */
enum { kDepth = 17 };
static void step_left(unsigned depth, unsigned path);
static void step_right(unsigned depth, unsigned path);

static void go_on(unsigned depth, unsigned path) {
  if (depth == 0) {
    kept[kept_count++] = malloc(32);
  } else if (path & 1) {
    step_right(depth - 1, path >> 1);
  } else {
    step_left(depth - 1, path >> 1);
  }
}
__attribute__((noinline)) static void step_left(unsigned depth, unsigned path) { go_on(depth, path); }
__attribute__((noinline)) static void step_right(unsigned depth, unsigned path) { go_on(depth, path); }

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long blocks = atol(argv[1]), stacks = atol(argv[2]);
  kept = malloc((size_t)blocks * sizeof *kept);
  for (long i = 0; i < blocks; ++i) go_on(kDepth, (unsigned)(i % stacks));
  puts("ready");
  fflush(stdout);
  double longest = 0;
  struct pollfd input = {0, POLLIN, 0};
  for (long i = 0;; ++i) {
    const double begin = now_ms();
    void* volatile block = malloc(64);
    free(block);
    const double took = now_ms() - begin;
    if (took > longest) longest = took;
    if (i % 1000 == 0 && poll(&input, 1, 0) > 0) break;
  }
  printf("longest %.3f ms\n", longest);
  return 0;
}
