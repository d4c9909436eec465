#pragma once
// The clock that target and collector share: the TSC where the kernel itself trusts it, else CLOCK_MONOTONIC.

#include <cstdint>

#include "wire/region.hpp"

namespace memprof::collect {

class TickClock {
 public:
  /// kTsc on x86-64 when the kernel's current clock source is the TSC (then it is invariant and the same on all
  /// processors).
  [[nodiscard]] static wire::ClockSource best_source();

  /// Ticks count from now on.
  explicit TickClock(wire::ClockSource source);

  wire::ClockSource source() const { return source_; }
  std::uint64_t base() const { return base_; }  ///< raw ticks at the start
  std::uint64_t now() const;                    ///< ticks since the start

  /// Good to about 1 in 10,000 and the same for the whole life of the collector. Waits if the first clock is younger
  /// than 2 ms, which measuring takes.
  double ns_per_tick() const;
  /// Seconds for ticks, by the rate from the start until now: the longer the run, the better.
  double seconds(std::uint64_t ticks) const;

 private:
  wire::ClockSource source_;
  std::uint64_t base_ = 0;
  std::uint64_t base_ns_ = 0;  ///< CLOCK_MONOTONIC at base_
};

}  // namespace memprof::collect
