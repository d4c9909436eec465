#define _GNU_SOURCE
#include "tests/unit/collect/symbol_programs/mark.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) void mark(const char* name) {
  const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
  Dl_info symbol;
  struct link_map* module = NULL;
  if (dladdr1((void*)caller, &symbol, (void**)&module, RTLD_DL_LINKMAP) == 0) return;
  printf("%s 0x%lx\n", name, (unsigned long)(caller - module->l_addr));
}
