// Asks memprof about itself and compares the answers with what it knows. Exit status: the number of the first thing
// that was wrong, 0: none. With the argument "unprofiled" it expects no answers.

#include <memprof/memprof.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

void* volatile kept;

[[gnu::noinline]] void* allocate_here(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  return block;
}

std::size_t current() {
  std::size_t bytes = 1;
  return memprof_get_traced(&bytes, nullptr) == 1 ? bytes : 0;
}

std::size_t peak() {
  std::size_t bytes = 1;
  return memprof_get_traced(nullptr, &bytes) == 1 ? bytes : 0;
}

int check_nothing() {
  std::size_t now = 1, highest = 1;
  char text[8] = "before";
  if (memprof_get_traced(&now, &highest) != 0 || now != 0 || highest != 0) return 1;
  if (memprof_where(text, text, sizeof text) != 0 || text[0] != '\0') return 2;
  if (memprof_snapshot("x") != 0) return 3;
  MEMPROF_SCOPE("nothing");
  const memprof::Pause pause;
  memprof_reset_peak();
  memprof_tick();
  return 0;
}

int check_traced() {
  const std::size_t before = current();
  void* block = allocate_here(100'000);
  if (current() != before + 100'000) return 10;
  if (peak() < before + 100'000) return 11;
  std::free(block);
  if (current() != before) return 12;
  if (peak() < before + 100'000) return 13;
  memprof_reset_peak();
  if (peak() != before) return 14;
  std::free(allocate_here(500));
  if (peak() != before + 500) return 15;
  // What other threads have done before is in, too.
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 20'000; ++round) std::free(allocate_here(40));
    });
  }
  for (std::thread& thread : threads) thread.join();
  void* more = allocate_here(7);
  const std::size_t with_more = current();
  std::free(more);
  return current() + 7 == with_more ? 0 : 16;
}

int check_pause() {
  const std::size_t before = current();
  void* recorded = allocate_here(1000);
  memprof_pause();
  memprof_pause();
  void* hidden = allocate_here(2000);
  std::free(recorded);
  memprof_resume();
  void* hidden_as_well = allocate_here(3000);
  memprof_resume();
  memprof_resume();  // one too many means nothing
  if (current() != before) return 20;
  std::thread([hidden] { std::free(hidden); }).join();
  hidden_as_well = std::realloc(hidden_as_well, 50);
  if (current() < before + 50) return 21;
  const std::size_t with_it = current();
  std::free(hidden_as_well);
  if (current() + 50 != with_it) return 22;
  std::thread([] {
    memprof_pause();  // of another thread
    kept = allocate_here(10);
  }).join();
  std::free(kept);
  return 0;
}

int check_where() {
  char* block = static_cast<char*>(allocate_here(300));
  char text[2048];
  const std::size_t length = memprof_where(block + 299, text, sizeof text);
  if (length == 0 || length != std::strlen(text)) return 30;
  if (std::strstr(text, "byte 299 of 300 bytes, malloc") == nullptr) return 31;
  if (std::strstr(text, "allocate_here") == nullptr || std::strstr(text, "asks.cpp:") == nullptr) return 32;
  char little[4] = "abc";
  if (memprof_where(block, little, sizeof little) != 3 || std::strlen(little) != 3) return 33;
  if (memprof_where(text, text, sizeof text) != 0) return 34;
  std::free(block);
  memprof_pause();
  block = static_cast<char*>(allocate_here(300));
  memprof_resume();
  if (memprof_where(block, text, sizeof text) != 0) return 35;
  std::free(block);
  return 0;
}

int check_scopes_and_snapshots() {
  errno = 77;
  void* block = nullptr;
  {
    MEMPROF_SCOPE("outer");
    block = allocate_here(1000);
    for (int i = 0; i < 3; ++i) {
      MEMPROF_SCOPE("inner");
      std::free(allocate_here(500));
    }
  }
  if (memprof_snapshot("with a block") != 1) return 40;
  std::free(block);
  if (memprof_snapshot("a/b") != 0 || memprof_snapshot("") != 0 || memprof_snapshot("a\nb") != 0) return 41;
  if (memprof_snapshot(nullptr) != 0) return 42;
  memprof_scope_begin("left open");
  memprof_scope_end("never begun");
  return errno == 77 ? 0 : 43;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "unprofiled") == 0) return check_nothing();
  for (int (*check)() : {check_traced, check_pause, check_where, check_scopes_and_snapshots}) {
    if (const int wrong = check()) return wrong;
  }
  return 0;
}
