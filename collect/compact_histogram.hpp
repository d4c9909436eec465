#pragma once
// A Histogram (profile/profile.hpp) for tens of thousands of sites: most see one or two sizes and a few lifetimes, so
// only the buckets between the lowest and the highest that were used are stored.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>

#include "profile/profile.hpp"

namespace memprof::collect {

class CompactHistogram {
 public:
  /// 0 for 0, i for values in [2^(i-1), 2^i); values beyond the last bucket belong to it.
  static unsigned bucket_of(std::uint64_t value) {
    return std::min(static_cast<unsigned>(std::bit_width(value)), kHistogramBuckets - 1);
  }

  CompactHistogram() = default;
  CompactHistogram(const CompactHistogram& other)
      : first_(other.first_), length_(other.length_), last_(other.last_), run_(other.run_) {
    if (length_ == 0) return;
    counts_ = std::make_unique<std::uint64_t[]>(length_);
    std::copy_n(other.counts_.get(), length_, counts_.get());
  }
  CompactHistogram(CompactHistogram&&) = default;
  CompactHistogram& operator=(CompactHistogram other) noexcept {
    counts_ = std::move(other.counts_);
    first_ = other.first_;
    length_ = other.length_;
    last_ = other.last_;
    run_ = other.run_;
    return *this;
  }
  ~CompactHistogram() = default;

  /// Runs of one bucket, the usual case, cost a comparison.
  void add(unsigned bucket) {
    if (bucket != last_ || run_ == std::numeric_limits<std::uint32_t>::max()) {
      flush();
      last_ = static_cast<std::uint8_t>(bucket);
    }
    ++run_;
  }
  void add(unsigned bucket, std::uint64_t count) {
    // Buckets below first_ wrap around to a large number.
    if (bucket - first_ >= length_) widen(bucket);
    counts_[bucket - first_] += count;
  }
  /// Call before reading.
  void flush() {
    if (run_ != 0) add(last_, run_);
    run_ = 0;
  }

  Histogram sparse() const {
    Histogram bins;
    bins.reserve(static_cast<std::size_t>(
        std::count_if(counts_.get(), counts_.get() + length_, [](std::uint64_t count) { return count != 0; })));
    for (std::uint32_t i = 0; i < length_; ++i) {
      if (counts_[i] != 0) bins.push_back({std::uint32_t{first_} + i, counts_[i]});
    }
    return bins;
  }

 private:
  void widen(unsigned bucket) {
    const unsigned first = length_ == 0 ? bucket : std::min<unsigned>(first_, bucket);
    const unsigned end = length_ == 0 ? bucket + 1 : std::max<unsigned>(first_ + length_, bucket + 1);
    auto counts = std::make_unique<std::uint64_t[]>(end - first);
    if (length_ != 0) std::copy_n(counts_.get(), length_, counts.get() + (first_ - first));
    counts_ = std::move(counts);
    first_ = static_cast<std::uint8_t>(first);
    length_ = static_cast<std::uint8_t>(end - first);
  }

  static_assert(kHistogramBuckets <= 255);
  std::unique_ptr<std::uint64_t[]> counts_;
  std::uint8_t first_ = 0;
  std::uint8_t length_ = 0;
  std::uint8_t last_ = 0;
  std::uint32_t run_ = 0;  ///< of the bucket last_, not yet in counts_
};
static_assert(sizeof(CompactHistogram) == 16);

}  // namespace memprof::collect
