// Loads two plug-ins in turn, each 50 times, and unloads each before the next one: most loads land at the address that
// the other plug-in had just before. Arguments: the two files.
//
// Expected: work_of_plugin_first allocated 50 blocks of 100 bytes, work_of_plugin_second 50 of 200: no load is taken
// for the other one's, although both are gone at the end. The loader allocates as well, so there are no exact totals.

#include <dlfcn.h>

#include "tests/programs/counted.h"

typedef void* (*Entry)(size_t);

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int round = 0; round < 100; ++round) {
    void* plugin = dlopen(argv[1 + round % 2], RTLD_NOW | RTLD_LOCAL);
    if (!plugin) return 3;
    Entry entry = NULL;
    *(void**)&entry = dlsym(plugin, "plugin_entry");
    if (!entry) return 4;
    counted(entry(round % 2 ? 200 : 100), round % 2 ? 200 : 100);
    dlclose(plugin);
  }
  struct report report = {};
  report_number(&report, "pid", (count_t)getpid());
  report_number(&report, "allocations of work_of_plugin_first", 50);
  report_number(&report, "allocated_bytes of work_of_plugin_first", 5000);
  report_number(&report, "allocations of work_of_plugin_second", 50);
  report_number(&report, "allocated_bytes of work_of_plugin_second", 10000);
  report_end(&report);
  return 0;
}
