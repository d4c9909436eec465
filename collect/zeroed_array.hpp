#pragma once
// A fixed-size array of zeros straight from the kernel, in huge pages where it is large: for tables that are hit at
// random places, where a miss of the TLB costs as much as one of the cache. Where it is not so large huge pages do not
// pay: a virtual machine may have to get each of them from its host, which takes 5 ms for 2 MiB instead of 0.6 in pages
// of 4 KiB that it had already.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace memprof::collect {

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  ZeroedArray() = default;
  static constexpr std::size_t kWorthHugePages = std::size_t{32} << 20;  ///< bytes

  /// Throws std::bad_alloc.
  explicit ZeroedArray(std::size_t size, bool in_huge_pages) : size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(in_huge_pages ? map_huge() : map(bytes()));
    // One call instead of a fault for each page. All advice is for speed only: an old kernel may refuse it.
    ::madvise(data_, bytes(), kPopulateWrite);
  }
  explicit ZeroedArray(std::size_t size) : ZeroedArray(size, size * sizeof(T) >= kWorthHugePages) {}
  ~ZeroedArray() {
    if (data_ != nullptr) ::munmap(data_, bytes());
  }
  ZeroedArray(ZeroedArray&& other) noexcept { swap(other); }
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(ZeroedArray& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  T* data() const { return data_; }
  T& operator[](std::size_t index) const { return data_[index]; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  static constexpr int kPopulateWrite = 23;  ///< MADV_POPULATE_WRITE of linux/mman.h, from 5.14

  static void* map(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return memory;
  }

  /// Begins at a multiple of the huge page, or the kernel could not use one there.
  void* map_huge() const {
    constexpr std::size_t kPage = 4096;
    const std::size_t used = (bytes() + kPage - 1) / kPage * kPage;
    auto* memory = static_cast<char*>(map(used + kHugePage));
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(memory) % kHugePage;
    if (before != 0) ::munmap(memory, before);
    ::munmap(memory + before + used, kHugePage - before);
    ::madvise(memory + before, used, MADV_HUGEPAGE);
    return memory + before;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace memprof::collect
