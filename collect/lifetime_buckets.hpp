#pragma once
// Which bucket of a histogram a lifetime belongs to: that of its nanoseconds, told from its ticks by one comparison.

#include <array>
#include <bit>
#include <cstdint>

#include "collect/compact_histogram.hpp"

namespace memprof::collect {

class LifetimeBuckets {
 public:
  explicit LifetimeBuckets(double ns_per_tick) {
    for (unsigned width = 0; width <= kWidths; ++width) {
      const std::uint64_t least = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
      const std::uint64_t most = least == 0 ? 0 : least * 2 - 1;
      buckets_[width] = static_cast<std::uint8_t>(computed(least, ns_per_tick));
      // Twice the ticks are at most one bucket further on.
      std::uint64_t within = least, beyond = most + 1;
      while (beyond - within > 1) {
        const std::uint64_t middle = within + (beyond - within) / 2;
        (computed(middle, ns_per_tick) == buckets_[width] ? within : beyond) = middle;
      }
      last_[width] = within;
    }
  }

  unsigned operator()(std::uint64_t ticks) const {
    const auto width = static_cast<unsigned>(std::bit_width(ticks & kMostTicks));
    return buckets_[width] + (ticks > last_[width] ? 1u : 0u);
  }

  /// The same, computed from the nanoseconds.
  static unsigned computed(std::uint64_t ticks, double ns_per_tick) {
    return CompactHistogram::bucket_of(static_cast<std::uint64_t>(static_cast<double>(ticks) * ns_per_tick));
  }

 private:
  /// The times of records have no more bits.
  static constexpr unsigned kWidths = 56;
  static constexpr std::uint64_t kMostTicks = (std::uint64_t{1} << kWidths) - 1;

  // By number of bits of the ticks.
  std::array<std::uint8_t, kWidths + 1> buckets_{};
  std::array<std::uint64_t, kWidths + 1> last_{};  ///< the largest in buckets_, the others are in the next one
};

}  // namespace memprof::collect
