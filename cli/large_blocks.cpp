// Large blocks of memprof's own heap lie in huge pages. The tables of a large profile are hundreds of megabytes,
// touched once and given back: page by page, the kernel takes longer to hand them out than memprof to fill them (1.4 µs
// for 4 KiB, 100 µs for 2 MiB). malloc itself does so only when an environment variable says so, which all programs
// that memprof starts would inherit.

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kLarge = kHugePage / 2;
constexpr std::size_t kLargest = PTRDIFF_MAX;  ///< malloc refuses more

void* allocate(std::size_t bytes, std::size_t alignment) {
  const bool large = bytes >= kLarge && bytes <= kLargest;
  if (large) {
    alignment = std::max(alignment, kHugePage);
    bytes = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  }
  // Some size even for nothing, as each block has an address of its own.
  void* const block = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? std::malloc(std::max<std::size_t>(bytes, 1))
                                                                    : std::aligned_alloc(alignment, bytes);
  if (block == nullptr) throw std::bad_alloc();
  // For speed only: a kernel that has no huge pages refuses.
  if (large) ::madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

}  // namespace

// The other forms come down to these.
void* operator new(std::size_t bytes) { return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
