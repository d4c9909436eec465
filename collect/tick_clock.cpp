#include "collect/tick_clock.hpp"

#include <ctime>
#include <fstream>
#include <limits>
#include <string>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace memprof::collect {
namespace {

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t raw_ticks(wire::ClockSource source) {
#if defined(__x86_64__)
  if (source == wire::ClockSource::kTsc) {
    unsigned processor = 0;
    return __rdtscp(&processor);
  }
#endif
  static_cast<void>(source);
  return monotonic_ns();
}

struct Pair {
  std::uint64_t ticks, ns;
};

/// Both clocks at one moment: of a few tries the one that took the shortest time, so that being scheduled away in
/// between does no harm.
Pair read_pair(wire::ClockSource source) {
  Pair best{};
  std::uint64_t shortest = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = raw_ticks(source);
    const std::uint64_t ns = monotonic_ns();
    const std::uint64_t after = raw_ticks(source);
    if (after - before < shortest) {
      shortest = after - before;
      best = {before + (after - before) / 2, ns};
    }
  }
  return best;
}

double rate_between(const Pair& first, const Pair& second) {
  if (second.ticks <= first.ticks || second.ns <= first.ns) return 1;
  return static_cast<double>(second.ns - first.ns) / static_cast<double>(second.ticks - first.ticks);
}

#if defined(__x86_64__)
/// Where measuring the TSC began: with the first clock, so that nobody need wait for it later.
const Pair& tsc_start() {
  static const Pair start = read_pair(wire::ClockSource::kTsc);
  return start;
}

double measure_tsc() {
  constexpr std::uint64_t kLongEnough_ns = 2'000'000;
  const Pair& start = tsc_start();
  const std::uint64_t passed_ns = monotonic_ns() - start.ns;
  if (passed_ns < kLongEnough_ns) {
    const timespec pause{0, static_cast<long>(kLongEnough_ns - passed_ns)};
    ::nanosleep(&pause, nullptr);
  }
  return rate_between(start, read_pair(wire::ClockSource::kTsc));
}
#endif

}  // namespace

wire::ClockSource TickClock::best_source() {
#if defined(__x86_64__)
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  if (file >> name && name == "tsc") return wire::ClockSource::kTsc;
#endif
  return wire::ClockSource::kMonotonic;
}

TickClock::TickClock(wire::ClockSource source) : source_(source) {
#if defined(__x86_64__)
  if (source == wire::ClockSource::kTsc) static_cast<void>(tsc_start());
#endif
  const Pair start = read_pair(source);
  base_ = start.ticks;
  base_ns_ = start.ns;
}

double TickClock::ns_per_tick() const {
#if defined(__x86_64__)
  if (source_ == wire::ClockSource::kTsc) {
    static const double rate = measure_tsc();
    return rate;
  }
#endif
  return 1;
}

std::uint64_t TickClock::now() const { return raw_ticks(source_) - base_; }

double TickClock::seconds(std::uint64_t ticks) const {
  const Pair now = read_pair(source_);
  constexpr std::uint64_t kLongEnough_ns = 10'000'000;
  const double rate = now.ns - base_ns_ < kLongEnough_ns ? ns_per_tick() : rate_between({base_, base_ns_}, now);
  return static_cast<double>(ticks) * rate * 1e-9;
}

}  // namespace memprof::collect
