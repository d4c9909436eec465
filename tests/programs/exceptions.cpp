// Exceptions thrown through frames that own memory, caught ten frames further out, rethrown, and nested.
//
// Expected: figures under the program as counted, the exception objects with them; nothing live at the end.

#include <stdexcept>

#include "tests/programs/counted.h"

namespace {

struct Block {
  Block() : memory(counted(opaque(malloc(50)), 50)) {}
  ~Block() { counted_free(memory, 50); }
  void* memory;
};

struct Failure {
  int depth;
};

[[gnu::noinline]] void descend(int depth) {
  Block block;
  if (depth == 0) throw Failure{depth};
  try {
    descend(depth - 1);
  } catch (Failure& failure) {
    Block another;
    failure.depth += 1;
    throw;
  }
  opaque(&block);
}

}  // namespace

int main() {
  for (int round = 0; round < 500; ++round) {
    try {
      descend(10);
    } catch (const Failure& failure) {
      if (failure.depth != 10) return 1;
    }
    count_exception(sizeof(Failure));
  }
  report_counts();
  return counts.allocations == counts.frees ? 0 : 2;
}
