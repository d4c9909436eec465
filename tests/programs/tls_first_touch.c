// 50 threads that touch thread-local data of a library that was loaded with dlopen (argument: its file): the loader
// allocates inside the access, and frees as the thread ends.
//
// Expected: totals of this file as counted; each thread has its own data; nothing of the threads' copies is left.

#include <dlfcn.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

static int (*touch)(int);

static void* body(void* argument) {
  int number = (int)(uintptr_t)argument + 1;
  void* block = counted(opaque(malloc(70)), 70);
  if (touch(number) != number) abort();
  counted_free(block, 70);
  return NULL;
}

int main(int argc, char** argv) {
  void* plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!plugin) return 2;
  *(void**)&touch = dlsym(plugin, "touch_own_data");
  if (!touch) return 3;
  for (int round = 0; round < 4; ++round) run_threads(50, body);
  report_counts();
  return 0;
}
