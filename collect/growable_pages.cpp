#include "collect/growable_pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#if defined(__has_feature)
#define MEMPROF_HAS_FEATURE(feature) __has_feature(feature)  // Clang
#else
#define MEMPROF_HAS_FEATURE(feature) 0
#endif

namespace memprof::collect {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// linux/mman.h of newer kernels: 6.1 and 5.14.
constexpr int kCollapse = 25;       // MADV_COLLAPSE
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE

std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

void* map_anywhere(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

/// Beginning at a multiple of the huge page, or the kernel could not use one at either end.
void* map_aligned(std::size_t bytes) {
  auto* memory = static_cast<char*>(map_anywhere(bytes + kHugePage));
  const std::size_t before =
      round_up(reinterpret_cast<std::uintptr_t>(memory), kHugePage) - reinterpret_cast<std::uintptr_t>(memory);
  if (before != 0) ::munmap(memory, before);
  ::munmap(memory + before + bytes, kHugePage - before);
  return memory + before;
}

void* map_new(std::size_t bytes, bool huge) { return huge ? map_aligned(bytes) : map_anywhere(bytes); }

#if defined(__SANITIZE_THREAD__) || MEMPROF_HAS_FEATURE(thread_sanitizer)

/// ThreadSanitizer does not see that mremap gives addresses a new meaning.
void* enlarge(void* data, std::size_t old_bytes, std::size_t bytes, bool huge) {
  void* place = map_new(bytes, huge);
  std::memcpy(place, data, old_bytes);
  ::munmap(data, old_bytes);
  return place;
}

#else

/// Where it cannot be extended in place, the kernel moves the page table entries, not the contents.
void* enlarge(void* data, std::size_t old_bytes, std::size_t bytes, bool huge) {
  if (!huge) {
    void* moved = ::mremap(data, old_bytes, bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    return moved;
  }
  if (reinterpret_cast<std::uintptr_t>(data) % kHugePage == 0) {
    void* extended = ::mremap(data, old_bytes, bytes, 0);
    if (extended != MAP_FAILED) return extended;
  }
  void* place = map_aligned(bytes);
  void* moved = ::mremap(data, old_bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
  if (moved != MAP_FAILED) return moved;
  ::munmap(place, bytes);
  throw std::bad_alloc();
}

#endif

}  // namespace

GrowablePages::~GrowablePages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

void GrowablePages::grow(std::size_t bytes) {
  if (bytes <= bytes_) return;
  const bool huge = bytes >= kHugeFrom;
  const bool was_huge = bytes_ >= kHugeFrom;
  const std::size_t fewer = bytes / kHugePage * kHugePage;
  bytes = !huge ? round_up(bytes, kPage) : fewer > bytes_ ? fewer : fewer + kHugePage;
  data_ = data_ == nullptr ? map_new(bytes, huge) : enlarge(data_, bytes_, bytes, huge);
  const std::size_t old_bytes = std::exchange(bytes_, bytes);
  // All advice is for speed only: an old kernel may refuse it.
  if (huge) ::madvise(data_, bytes_, MADV_HUGEPAGE);
  // What was touched as small pages would stay so for a long time.
  if (huge && !was_huge) ::madvise(data_, bytes_, kCollapse);
  // All of it will be touched soon, at random places: one call instead of a fault for each page.
  ::madvise(static_cast<char*>(data_) + old_bytes, bytes_ - old_bytes, kPopulateWrite);
}

}  // namespace memprof::collect
