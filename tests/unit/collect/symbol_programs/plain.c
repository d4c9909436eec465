// C: names are what they are. A comment `here: x` names a line.
#include "tests/unit/collect/symbol_programs/mark.h"

static inline __attribute__((always_inline)) void small(int value) {
  if (value) MARK("inlined");  // here: small marks
}

static __attribute__((noinline)) void local(int value) {
  small(value);  // here: local calls
}

__attribute__((noinline)) void global(int value) {
  MARK("global");  // here: global marks
  local(value);
}

int main(int argc, char** argv) {
  (void)argv;
  global(argc);
  MARK("main");  // here: main marks
  return 0;
}
