#pragma once
// Figures of sites added up, and the one of them that a report looks at.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

struct Sums {
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t frees = 0, freed_bytes = 0;
  std::uint64_t live_blocks = 0, live_bytes = 0;
  std::uint64_t peak_blocks = 0, peak_bytes = 0;
  std::uint64_t temporary_allocations = 0;
  std::uint64_t highest_heap = 0;  ///< the highest, not a sum

  /// Works for Site, Thread and Sums alike: they share the names.
  template <typename Figures>
  void add(const Figures& more) {
    allocations += more.allocations;
    allocated_bytes += more.allocated_bytes;
    frees += more.frees;
    freed_bytes += more.freed_bytes;
    live_blocks += more.live_blocks;
    live_bytes += more.live_bytes;
    peak_blocks += more.peak_blocks;
    peak_bytes += more.peak_bytes;
    temporary_allocations += more.temporary_allocations;
    if constexpr (requires { more.highest_heap; }) highest_heap = std::max(highest_heap, more.highest_heap);
  }

  /// What was allocated minus what was freed, in bytes.
  std::int64_t increment() const {
    return static_cast<std::int64_t>(allocated_bytes) - static_cast<std::int64_t>(freed_bytes);
  }
};

enum class Metric : std::uint8_t {
  kLive,       ///< unfreed at the end
  kPeak,       ///< share of the common peak
  kAllocated,  ///< ever
  kTemporary,  ///< freed by the same thread before its next allocation; counted, but not in bytes
  kFreed,      ///< by where the free was made
  kMapped,     ///< share of the highest sum of the ranges that the program maps itself
};

/// Blocks of the heap and ranges that the program maps itself are never added up.
enum class Domain : std::uint8_t { kHeap, kMapped };

constexpr Domain domain_of(Metric metric) { return metric == Metric::kMapped ? Domain::kMapped : Domain::kHeap; }

inline const std::vector<Site>& sites_in(const Profile& profile, Domain domain) {
  return domain == Domain::kMapped ? profile.mapped_sites : profile.sites;
}

inline const Totals& totals_in(const Profile& profile, Domain domain) {
  return domain == Domain::kMapped ? profile.mapped_totals : profile.totals;
}

struct Measure {
  std::uint64_t bytes = 0;
  std::uint64_t count = 0;
};

/// `sums` are of sites in domain_of(metric).
constexpr Measure measure(const Sums& sums, Metric metric) {
  switch (metric) {
    case Metric::kLive:
      return {sums.live_bytes, sums.live_blocks};
    case Metric::kPeak:
      return {sums.peak_bytes, sums.peak_blocks};
    case Metric::kAllocated:
      return {sums.allocated_bytes, sums.allocations};
    case Metric::kTemporary:
      return {0, sums.temporary_allocations};
    case Metric::kFreed:
      return {sums.freed_bytes, sums.frees};
    case Metric::kMapped:
      return {sums.peak_bytes, sums.peak_blocks};
  }
  return {};
}

}  // namespace memprof::report
