// The same in C++11, with what only C++ has.

#include <memprof/memprof.h>

#include <cstdio>
#include <cstdlib>

static void* volatile block;

int main() {
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  std::size_t before = 0, now = 0;
  MEMPROF_SCOPE("all");
  {
    MEMPROF_SCOPE("paused");
    const memprof::Pause pause;
    memprof_get_traced(&before, nullptr);
    block = std::malloc(5000);
  }
  std::free(block);
  block = std::malloc(1000);
  const int told = memprof_get_traced(&now, nullptr);
  std::printf("traced %d %ld\n", told, static_cast<long>(now - before));
  std::printf("snapshot %d\n", memprof_snapshot("in the middle"));
  std::free(block);
  return 0;
}
