/* usage: holds_blocks COUNT DIRECTORY
 *
 * Keeps COUNT blocks of 32 bytes, makes the file "ready" in DIRECTORY and waits for "more"; keeps as many again, makes
 * "grown" and waits for "end". Goes on allocating and freeing while it waits, and ends when its
 * parent has gone. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void** kept;
static long kept_count;

__attribute__((noinline)) static void keep_blocks(long count) {
  for (long i = 0; i < count; ++i) kept[kept_count++] = malloc(32);
}

static const char* name(char* path, const char* directory, const char* file) {
  snprintf(path, 4096, "%s/%s", directory, file);
  return path;
}

static void make(const char* path) {
  FILE* file = fopen(path, "w");
  if (file) fclose(file);
}

static void* volatile passing;

static pid_t parent;

static void wait_for(const char* path) {
  while (access(path, F_OK) != 0) {
    if (getppid() != parent) exit(3);
    for (int i = 0; i < 1000; ++i) {
      passing = malloc(64);
      free(passing);
    }
    usleep(1000);
  }
}

int main(int argc, char** argv) {
  char path[4096];
  if (argc != 3) return 2;
  parent = getppid();
  const long count = atol(argv[1]);
  kept = malloc(2 * (size_t)count * sizeof(void*));
  keep_blocks(count);
  make(name(path, argv[2], "ready"));
  wait_for(name(path, argv[2], "more"));
  keep_blocks(count);
  make(name(path, argv[2], "grown"));
  wait_for(name(path, argv[2], "end"));
  return 0;
}
