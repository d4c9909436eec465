// Blocks that are freed after main: by static destructors, atexit and on_exit handlers, and a library destructor.
//
// Expected: `own` figures as printed, nothing of ours live at the end. The last free comes after the line is printed,
// so the line says what will be.

#include "tests/programs/counted.h"

namespace {

struct Holder {
  explicit Holder(std::size_t size) : bytes(size), block(counted(opaque(malloc(size)), size)) {}
  ~Holder() { free(block); }
  std::size_t bytes;
  void* block;
};

Holder before_main(1001);
void* freed_at_exit;
void* freed_on_exit;
void* freed_last;

void at_exit_handler() { free(freed_at_exit); }
void on_exit_handler(int, void*) { free(freed_on_exit); }
[[gnu::destructor]] void library_destructor() { free(freed_last); }

}  // namespace

int main() {
  static Holder in_main(1002);
  freed_at_exit = counted(opaque(malloc(1003)), 1003);
  freed_on_exit = counted(opaque(malloc(1004)), 1004);
  freed_last = counted(opaque(malloc(1005)), 1005);
  atexit(at_exit_handler);
  on_exit(on_exit_handler, nullptr);
  counts.frees = counts.allocations;
  counts.freed_bytes = counts.allocated_bytes;
  report_counts();
  return 0;
}
