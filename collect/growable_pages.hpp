#pragma once
// Zeroed memory straight from the kernel that can grow without being copied: the tables that are hit at random places
// for every event. In huge pages where it is large, because each miss of the TLB costs as much as a miss of the cache.

#include <cstddef>
#include <utility>

namespace memprof::collect {

class GrowablePages {
 public:
  /// From this size on in whole huge pages.
  static constexpr std::size_t kHugeFrom = std::size_t{8} << 20;

  GrowablePages() = default;
  ~GrowablePages();
  GrowablePages(const GrowablePages&) = delete;
  GrowablePages& operator=(const GrowablePages&) = delete;

  /// Enlarges to about `bytes`, in whole pages: rounded down where they are huge, as long as it grows at all. What is
  /// new is zero. Throws std::bad_alloc and then has changed nothing.
  void grow(std::size_t bytes);

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;  ///< whole pages, huge ones from kHugeFrom on
};

}  // namespace memprof::collect
