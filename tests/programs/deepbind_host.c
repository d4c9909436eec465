// Loads a plug-in with RTLD_DEEPBIND (argument: its file): its malloc and free are then those of the C library,
// whatever stands in front of them for the rest of the program. Blocks go in both directions.
//
// Expected: this file's totals as counted; the 1,000 blocks of the plug-in that are freed here are unknown frees; the
// 500 blocks that the plug-in frees are live for all that memprof can know.

#include <dlfcn.h>

#include "tests/programs/counted.h"

int main(int argc, char** argv) {
  void* plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
  if (!plugin) return 2;
  void* (*entry)(size_t) = NULL;
  void (*leave)(void*) = NULL;
  *(void**)&entry = dlsym(plugin, "plugin_entry");
  *(void**)&leave = dlsym(plugin, "plugin_leave");
  if (!entry || !leave) return 3;
  static void* blocks[500];
  for (int i = 0; i < 500; ++i) blocks[i] = counted(opaque(malloc(200)), 200);
  for (int i = 0; i < 1000; ++i) free(entry(100));
  for (int i = 0; i < 500; ++i) leave(blocks[i]);
  report_counts();
  return 0;
}
