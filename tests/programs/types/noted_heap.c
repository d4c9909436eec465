// A block of which nothing says the type but the compiler's own note at the call: DW_AT_LLVM_alloc_type, which
// note_allocation_type writes into what an older compiler made of this.

#include <stdlib.h>

struct hidden {
  long values[5];
};

struct hidden* kept;

__attribute__((noinline)) void* make(size_t size) { return malloc(size); }

int main(int count, char** arguments) {
  (void)arguments;
  for (int i = 0; i < 100 * count; ++i) {
    void* any = make(40);
    kept = any;
  }
  return kept == NULL;
}
