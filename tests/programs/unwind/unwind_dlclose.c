// Loads and unloads two libraries in turns, usually at one address. What was learned of the code of one is wrong for
// the other. Arguments: their paths.

#include <dlfcn.h>
#include <stdio.h>

#include "tests/programs/unwind/unwind_blocks.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int same_place = 0;
  void* last = NULL;
  for (int round = 0; round < 60; ++round) {
    void* library = dlopen(argv[1 + round % 2], RTLD_NOW);
    if (library == NULL) return 3;
    int (*run)(int) = (int (*)(int))dlsym(library, "plugin_run");
    if (run(round % 9) != round % 9) return 4;
    same_place += (void*)run == last;
    last = (void*)run;
    dlclose(library);
    touch_heap(5);
  }
  printf("%d of 60 at the address of the one before\n", same_place);
  return 0;
}
