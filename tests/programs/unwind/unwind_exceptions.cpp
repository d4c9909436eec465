// Exceptions thrown through frames that allocated, caught far out, rethrown, nested in destructors: stacks shrink by
// many frames at once, and libgcc's own unwinder allocates in between.

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/programs/unwind/unwind_blocks.h"

namespace {

struct Allocates {
  explicit Allocates(std::size_t bytes) : block(bytes, 'x') {}
  ~Allocates() {
    try {
      if (block.size() % 3 == 0) throw std::runtime_error("within the destructor " + block);
    } catch (const std::exception&) {
      touch_heap(block.size());
    }
  }
  std::string block;
};

UNWIND_NOINLINE void descend(int depth, int thrown_at) {
  Allocates local(100 + static_cast<std::size_t>(depth));
  touch_heap(8);
  if (depth == thrown_at) throw std::runtime_error(std::string(200, 't'));
  if (depth > 0) descend(depth - 1, thrown_at);
  touch_heap(9);
}

UNWIND_NOINLINE void catch_and_rethrow(int depth) {
  try {
    descend(depth, depth / 2);
  } catch (const std::exception& error) {
    std::vector<std::string> words(3, error.what());
    UNWIND_BARRIER(words.data());
    throw;
  }
}

}  // namespace

int main() {
  int caught = 0;
  for (int round = 0; round < 100; ++round) {
    try {
      catch_and_rethrow(round % 30);
    } catch (const std::exception&) {
      ++caught;
      touch_heap(10);
    }
  }
  return caught == 100 ? 0 : 1;
}
