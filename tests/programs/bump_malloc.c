// An allocator that a signal handler may call at any time: it cuts blocks off one arena and never uses them again. The
// program signal_storm is linked with it, so it also stands for programs that bring an allocator of their own.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { kAlignment = 16, kHeader = 16 };
static const size_t kArenaBytes = (size_t)8 << 30;

static char* arena;
static size_t used;

__attribute__((constructor)) static void make_arena(void) {
  if (arena) return;
  void* memory = mmap(NULL, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  arena = memory == MAP_FAILED ? NULL : memory;
}

// Not malloc itself, which memprof stands in front of: what an allocator calls inside is its own affair.
static void* cut_off(size_t bytes) {
  if (!arena) make_arena();
  size_t whole = kHeader + (bytes + kAlignment - 1) / kAlignment * kAlignment;
  size_t start = bytes < kArenaBytes ? __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED) : kArenaBytes;
  if (!arena || start + whole > kArenaBytes) {
    errno = ENOMEM;
    return NULL;
  }
  memcpy(arena + start, &bytes, sizeof bytes);
  return arena + start + kHeader;
}

void* malloc(size_t bytes) { return cut_off(bytes); }

void free(void* block) { (void)block; }

void* calloc(size_t count, size_t bytes) { return cut_off(count * bytes); }

void* realloc(void* block, size_t bytes) {
  void* moved = cut_off(bytes);
  size_t old_bytes = 0;
  if (block && moved) {
    memcpy(&old_bytes, (char*)block - kHeader, sizeof old_bytes);
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
  }
  return moved;
}
