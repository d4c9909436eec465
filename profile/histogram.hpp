#pragma once
// Counts by power of two, as a profile holds them: two for each of hundreds of thousands of call stacks, nearly all of
// which have one size or one lifetime. So one bin is kept in place, and only several cost a block of memory.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace memprof {

/// Bucket 0 counts zeros, bucket i counts values in [2^(i-1), 2^i).
inline constexpr std::uint32_t kHistogramBuckets = 65;
struct HistogramBin {
  std::uint32_t bucket = 0;  ///< below kHistogramBuckets
  std::uint64_t count = 0;   ///< never 0
  friend bool operator==(const HistogramBin&, const HistogramBin&) = default;
};

/// Bins by rising bucket, which is up to who adds them; sparse.
class Histogram {
 public:
  Histogram() = default;
  Histogram(std::initializer_list<HistogramBin> bins) {
    for (const HistogramBin& bin : bins) push_back(bin);
  }
  Histogram(const Histogram& other) {
    for (const HistogramBin& bin : other) push_back(bin);
  }
  Histogram(Histogram&& other) noexcept { swap(other); }
  Histogram& operator=(Histogram other) noexcept {
    swap(other);
    return *this;
  }
  ~Histogram() {
    if (size_ > 1) delete[] bins_.many;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const HistogramBin* begin() const { return size_ > 1 ? bins_.many : &bins_.one; }
  const HistogramBin* end() const { return begin() + size_; }
  HistogramBin& back() { return size_ > 1 ? bins_.many[size_ - 1] : bins_.one; }

  /// Throws std::bad_alloc.
  void push_back(const HistogramBin& bin) {
    if (size_ == 0) {
      bins_.one = bin;
    } else {
      // The room for several is the next power of two.
      if (std::has_single_bit(size_)) widen();
      bins_.many[size_] = bin;
    }
    ++size_;
  }

  friend bool operator==(const Histogram& a, const Histogram& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void widen() {
    auto* const wider = new HistogramBin[std::size_t{size_} * 2];
    std::copy(begin(), end(), wider);
    if (size_ > 1) delete[] bins_.many;
    bins_.many = wider;
  }
  void swap(Histogram& other) noexcept {
    std::swap(bins_, other.bins_);
    std::swap(size_, other.size_);
  }

  union Bins {
    HistogramBin one = {};
    HistogramBin* many;
  };
  Bins bins_;
  std::uint32_t size_ = 0;
};
static_assert(sizeof(Histogram) == 24);

}  // namespace memprof
