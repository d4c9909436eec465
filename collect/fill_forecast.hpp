#pragma once
// When a ring will be filled so far, if events go on coming as they did lately: so the collector wakes by its own
// timer. A program that has to wake it pays some microseconds each time, the more in a virtual machine, where it takes
// an interrupt of another processor.

#include <cstdint>
#include <limits>

namespace memprof::collect {

class FillForecast {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  /// At `ticks`, `records` had come into one ring since the last call: the most of all rings.
  void note(std::uint64_t ticks, std::uint64_t records) {
    span_ = ticks - last_;
    last_ = ticks;
    records_ = records;
  }

  /// Ticks until a ring that holds `fill` records will hold `wanted`, which is below 2^32.
  std::uint64_t ticks_until(std::uint64_t wanted, std::uint64_t fill) const {
    if (fill >= wanted) return 0;
    if (records_ == 0 || span_ >= std::uint64_t{1} << 32) return kNever;
    return (wanted - fill) * span_ / records_;
  }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t span_ = 0, records_ = 0;
};

}  // namespace memprof::collect
