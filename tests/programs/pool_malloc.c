// An allocator without locks: pools of blocks by powers of two, each a stack of free blocks. Signal handlers and
// children of _Fork may call it at any time, and freed addresses come back at once, to whichever thread asks first.
// Programs that are linked with it also stand for those that bring an allocator of their own.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kHeader = 16, kSmallestPower = 5, kPools = 64, kLargestPooledPower = 20 };
static const size_t kArenaBytes = (size_t)64 << 30;

// In front of each block.
struct header {
  uint32_t power;   // of the whole block's size; of a block that is mapped by itself, 0
  uint32_t offset;  // from the whole block's start to the memory that was handed out
  uint64_t bytes;   // that were asked for
};
_Static_assert(sizeof(struct header) == kHeader, "blocks are aligned to 16 bytes");

static char* arena;
static uint64_t arena_used;
// Of each pool: the topmost free block's offset in the arena in units of 16 bytes, and above it a number that changes
// with every exchange, so that a block which left the stack and came back in the meantime is noticed.
static uint64_t free_blocks[kPools];
static const uint64_t kOffsetMask = ((uint64_t)1 << 40) - 1;

__attribute__((constructor)) static void make_arena(void) {
  if (arena) return;
  void* memory = mmap(NULL, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) arena = memory;
}

static uint64_t next_top(uint64_t top, uint64_t offset) { return ((top & ~kOffsetMask) + kOffsetMask + 1) | offset; }

static char* pop(unsigned power) {
  uint64_t top = __atomic_load_n(&free_blocks[power], __ATOMIC_ACQUIRE);
  while (top & kOffsetMask) {
    char* block = arena + (top & kOffsetMask) * 16;
    // Another thread may own the block by now and have written to it: then the exchange fails.
    uint64_t below = __atomic_load_n((uint64_t*)block, __ATOMIC_RELAXED) & kOffsetMask;
    if (__atomic_compare_exchange_n(&free_blocks[power], &top, next_top(top, below), 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      return block;
    }
  }
  if (!arena) make_arena();
  // The arena's first bytes stay unused: offset 0 is the end of a stack.
  uint64_t start = __atomic_fetch_add(&arena_used, (uint64_t)1 << power, __ATOMIC_RELAXED) + 64;
  return arena && start + ((uint64_t)1 << power) <= kArenaBytes ? arena + start : NULL;
}

static void push(char* block, unsigned power) {
  uint64_t offset = (uint64_t)(block - arena) / 16;
  uint64_t top = __atomic_load_n(&free_blocks[power], __ATOMIC_RELAXED);
  do {
    __atomic_store_n((uint64_t*)block, top & kOffsetMask, __ATOMIC_RELAXED);
  } while (!__atomic_compare_exchange_n(&free_blocks[power], &top, next_top(top, offset), 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
}

static struct header* header_of(void* block) { return (struct header*)((char*)block - kHeader); }

static void* cut(size_t alignment, size_t bytes) {
  size_t whole = bytes + kHeader + (alignment > 16 ? alignment : 0);
  char* start = NULL;
  unsigned power = kSmallestPower;
  if (bytes > PTRDIFF_MAX || whole > kArenaBytes) {
    start = NULL;
  } else if (whole > (size_t)1 << kLargestPooledPower) {
    power = 0;
    void* mapped = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    start = mapped == MAP_FAILED ? NULL : mapped;
  } else {
    while ((size_t)1 << power < whole) ++power;
    start = pop(power);
  }
  if (!start) {
    errno = ENOMEM;
    return NULL;
  }
  uintptr_t block = (uintptr_t)start + kHeader;
  if (alignment > 16) block = (block + alignment - 1) / alignment * alignment;
  *header_of((void*)block) = (struct header){power, (uint32_t)(block - (uintptr_t)start), bytes};
  return (void*)block;
}

// Not malloc itself, which memprof stands in front of: what an allocator calls inside is its own affair.
static void give_back(void* block) {
  if (!block) return;
  struct header header = *header_of(block);
  char* start = (char*)block - header.offset;
  int before = errno;
  if (header.power == 0) {
    munmap(start, header.offset + header.bytes);
  } else {
    push(start, header.power);
  }
  errno = before;
}

void* malloc(size_t bytes) { return cut(16, bytes); }

void free(void* block) { give_back(block); }

void* calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  void* block = cut(16, bytes);
  return block ? memset(block, 0, bytes) : NULL;
}

void* realloc(void* block, size_t bytes) {
  if (!block) return cut(16, bytes);
  if (bytes == 0) {
    give_back(block);
    return NULL;
  }
  void* moved = cut(16, bytes);
  if (!moved) return NULL;
  size_t old_bytes = header_of(block)->bytes;
  memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
  give_back(block);
  return moved;
}

void* memalign(size_t alignment, size_t bytes) { return cut(alignment, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return cut(alignment, bytes); }
void* valloc(size_t bytes) { return cut((size_t)getpagesize(), bytes); }

int posix_memalign(void** result, size_t alignment, size_t bytes) {
  int before = errno;
  void* block = cut(alignment, bytes);
  errno = before;
  if (!block) return ENOMEM;
  *result = block;
  return 0;
}

size_t malloc_usable_size(void* block) { return block ? header_of(block)->bytes : 0; }
