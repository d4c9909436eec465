// A library that is loaded, calls back, and is closed again before anyone asks for its names.
#include "mark.h"

extern "C" [[gnu::visibility("default")]] void library_entry(void (*callback)(const char*)) {
  callback("library");  // here: library calls
  __asm__ volatile("" ::: "memory");
}
