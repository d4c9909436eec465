// loader LIBRARY: opens it, lets it call mark(), closes it.
#include <dlfcn.h>

#include "tests/unit/collect/symbol_programs/mark.h"

int main(int, char** argv) {
  void* library = dlopen(argv[1], RTLD_NOW);
  if (library == nullptr) return 1;
  auto entry = reinterpret_cast<void (*)(void (*)(const char*))>(dlsym(library, "library_entry"));
  if (entry == nullptr) return 1;
  entry(mark);
  return dlclose(library);
}
