#pragma once
// A Histogram (profile/profile.hpp) for tens of thousands of sites, hit at random. Counting costs no cache miss beside
// the site's own: small counts of the buckets around the first one are kept in place, and carried to where the large
// ones are when they are full. Elsewhere are only the buckets from the lowest to the highest that needed it.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
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
      : first_(other.first_), length_(other.length_), base_(other.base_), near_(other.near_) {
    if (length_ == 0) return;
    counts_ = std::make_unique<std::uint64_t[]>(length_);
    std::copy_n(other.counts_.get(), length_, counts_.get());
  }
  CompactHistogram(CompactHistogram&&) = default;
  CompactHistogram& operator=(CompactHistogram other) noexcept {
    counts_ = std::move(other.counts_);
    first_ = other.first_;
    length_ = other.length_;
    base_ = other.base_;
    near_ = other.near_;
    return *this;
  }
  ~CompactHistogram() = default;

  void add(unsigned bucket, std::uint64_t count = 1) {
    // Buckets below base_ wrap around to a large number.
    const unsigned place = bucket - base_;
    if (__builtin_expect(place >= kNear, 0)) return add_far(bucket, count);
    const std::uint64_t sum = near_[place] + count;
    near_[place] = static_cast<std::uint8_t>(sum);
    if (__builtin_expect(sum > kMostNear, 0)) carry(bucket, sum);
  }

  Histogram sparse() const {
    Histogram bins;
    if (base_ == kNoBase) return bins;
    if (length_ == 0) {
      add_near(bins);
      return bins;
    }
    const unsigned begin = std::min<unsigned>(base_, first_);
    const unsigned end = std::max<unsigned>(base_ + kNear, first_ + length_);
    for (std::uint32_t bucket = begin; bucket < end; ++bucket) {
      if (const std::uint64_t count = count_of(bucket); count != 0) bins.push_back({bucket, count});
    }
    return bins;
  }

 private:
  static constexpr unsigned kNear = 21;
  static constexpr std::uint64_t kMostNear = std::numeric_limits<std::uint8_t>::max();
  static constexpr std::uint8_t kNoBase = 255;
  static_assert(kNoBase >= kHistogramBuckets + kNear);

  /// Eight counts at a time, as nearly all are 0.
  void add_near(Histogram& bins) const {
    for (unsigned place = 0; place < kNear; place += 8) {
      std::uint64_t counts = 0;
      std::memcpy(&counts, near_.data() + place, std::min<std::size_t>(sizeof counts, kNear - place));
      for (unsigned i = place; counts != 0; ++i, counts >>= 8) {
        if ((counts & 0xff) != 0) bins.push_back({base_ + i, counts & 0xff});
      }
    }
  }

  /// Buckets below first_ or base_ wrap around to large numbers.
  std::uint64_t count_of(unsigned bucket) const {
    const unsigned far = bucket - first_, near = bucket - base_;
    return (far < length_ ? counts_[far] : 0) + (near < kNear ? near_[near] : 0);
  }
  [[gnu::noinline]] void add_far(unsigned bucket, std::uint64_t count) {
    if (base_ != kNoBase) return add_elsewhere(bucket, count);
    base_ = static_cast<std::uint8_t>(std::min(bucket - std::min(bucket, kNear / 2), kHistogramBuckets - kNear));
    add(bucket, count);
  }
  [[gnu::noinline]] void carry(unsigned bucket, std::uint64_t count) {
    near_[bucket - base_] = 0;
    add_elsewhere(bucket, count);
  }

  void add_elsewhere(unsigned bucket, std::uint64_t count) {
    // Buckets below first_ wrap around to a large number.
    if (bucket - first_ >= length_) widen(bucket);
    counts_[bucket - first_] += count;
  }

  void widen(unsigned bucket) {
    const unsigned first = length_ == 0 ? bucket : std::min<unsigned>(first_, bucket);
    const unsigned end = length_ == 0 ? bucket + 1 : std::max<unsigned>(first_ + length_, bucket + 1);
    auto counts = std::make_unique<std::uint64_t[]>(end - first);
    if (length_ != 0) std::copy_n(counts_.get(), length_, counts.get() + (first_ - first));
    counts_ = std::move(counts);
    first_ = static_cast<std::uint8_t>(first);
    length_ = static_cast<std::uint8_t>(end - first);
  }

  std::unique_ptr<std::uint64_t[]> counts_;
  std::uint8_t first_ = 0;
  std::uint8_t length_ = 0;
  std::uint8_t base_ = kNoBase;  ///< bucket of the first count in near_
  std::array<std::uint8_t, kNear> near_{};
};
static_assert(sizeof(CompactHistogram) == 32);

}  // namespace memprof::collect
