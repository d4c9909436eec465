// A plug-in, compiled twice under the names that PLUGIN gives its function: see plugin_host.c.

#include <stdlib.h>
#include <string.h>

#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)

__attribute__((noinline)) void* NAMED(work_of_plugin_, PLUGIN)(size_t bytes) {
  void* block = malloc(bytes);
  __asm__ volatile("" : "+r"(block) : : "memory");
  return block;
}

void* plugin_entry(size_t bytes) { return memset(NAMED(work_of_plugin_, PLUGIN)(bytes), 0, bytes); }

void plugin_leave(void* block) { free(block); }
