#pragma once
// What is known of one call stack: what it allocated, and what was freed under it.
//
// In three parts, by how often they are needed, since a program may have 100,000 call stacks and hit them at random. An
// allocation needs the first one only, as long as it is of the same size as the one before; the free of a block needs
// the first one of the site that allocated it, and the second one of its own. What does not fit there is carried to the
// third.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>

#include "collect/compact_histogram.hpp"
#include "wire/record.hpp"

namespace memprof::collect {

/// Live figures with their share of the common peak.
template <typename Blocks>
struct PeakShare {
  std::uint64_t epoch = 0;  ///< of the peak that peak_* belong to
  std::uint64_t live_bytes = 0, peak_bytes = 0;
  Blocks live_blocks = 0, peak_blocks = 0;

  /// Before each change. Without a branch: whether there was a new peak since the last change is hard to foretell.
  void settle(std::uint64_t now) {
    const bool behind = epoch != now;
    epoch = now;
    peak_blocks = behind ? live_blocks : peak_blocks;
    peak_bytes = behind ? live_bytes : peak_bytes;
  }
};

/// What rarely changes, and what SiteAllocations has carried here.
struct SiteHistory {
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t temporary_allocations = 0;
  std::uint64_t min_size = 0, max_size = 0, size_divisor = 0;
  CompactHistogram sizes, lifetimes;
  wire::Hook hook = wire::Hook::kMalloc;  ///< of allocations, if there were any

  /// `count` allocations of one size.
  void add(std::uint64_t size, std::uint64_t count) {
    min_size = allocations == 0 ? size : std::min(min_size, size);
    max_size = std::max(max_size, size);
    if (size_divisor == 0 || size % size_divisor != 0) size_divisor = std::gcd(size_divisor, size);
    allocations += count;
    allocated_bytes += size * count;
    sizes.add(CompactHistogram::bucket_of(size), count);
  }
};

/// One cache line.
struct alignas(64) SiteAllocations {
  static constexpr std::uint32_t kNoSize = std::numeric_limits<std::uint32_t>::max();
  /// So a run, and the temporary allocations of one, which are at most as many and one for each thread, fit 32 bits.
  static constexpr std::uint32_t kLongestRun = std::uint32_t{1} << 31;
  static constexpr unsigned kBuckets = 11;
  static constexpr std::uint8_t kNoBucket = 255;
  static constexpr std::uint8_t kMostInBucket = 255;

  PeakShare<std::uint32_t> share;  ///< more blocks do not fit the live set (ArenaChunks::kMostSlots)
  std::uint64_t highest_heap = 0;  ///< after an allocation
  std::uint32_t size = kNoSize;    ///< of the latest allocations, below kNoSize
  std::uint32_t run = 0;           ///< how many of them the history does not know
  std::uint32_t temporary = 0;     ///< likewise: all that it does not know
  std::uint8_t first_bucket = kNoBucket;
  std::array<std::uint8_t, kBuckets> lifetimes{};  ///< small counts of buckets from first_bucket on

  /// Counts an allocation, but not in the live figures.
  void count(std::uint64_t bytes, wire::Hook hook, SiteHistory& history) {
    if (bytes != size || run - 1 >= kLongestRun - 1) return count_other(bytes, hook, history);
    ++run;
  }

  void add_lifetime(unsigned bucket, SiteHistory& history) {
    const unsigned place = bucket - first_bucket;  // below first_bucket: a large number
    if (__builtin_expect(place >= kBuckets || lifetimes[place] == kMostInBucket, 0)) {
      return add_other_lifetime(bucket, history);
    }
    ++lifetimes[place];
  }
  /// Carries all to the history.
  void carry(SiteHistory& history) {
    end_run(history);
    for (unsigned place = 0; place < kBuckets; ++place) {
      if (lifetimes[place] != 0) history.lifetimes.add(first_bucket + place, lifetimes[place]);
      lifetimes[place] = 0;
    }
  }

 private:
  [[gnu::noinline]] void count_other(std::uint64_t bytes, wire::Hook hook, SiteHistory& history) {
    if (run == 0 && history.allocations == 0) history.hook = hook;
    end_run(history);
    if (bytes >= kNoSize) return history.add(bytes, 1);
    size = static_cast<std::uint32_t>(bytes);
    run = 1;
  }
  [[gnu::noinline]] void add_other_lifetime(unsigned bucket, SiteHistory& history) {
    if (first_bucket == kNoBucket) first_bucket = static_cast<std::uint8_t>(bucket - std::min(bucket, kBuckets / 2));
    const unsigned place = bucket - first_bucket;
    if (place >= kBuckets) return history.lifetimes.add(bucket);
    if (lifetimes[place] == kMostInBucket) {
      history.lifetimes.add(bucket, lifetimes[place]);
      lifetimes[place] = 0;
    }
    ++lifetimes[place];
  }
  void end_run(SiteHistory& history) {
    if (run != 0) history.add(size, run);
    history.temporary_allocations += temporary;
    run = temporary = 0;
  }
};
static_assert(sizeof(SiteAllocations) == 64);

struct alignas(32) SiteFrees {
  std::uint64_t frees = 0, freed_bytes = 0;
  std::uint64_t failed_allocations = 0;
  std::uint64_t highest_heap = 0;  ///< after any event but those that SiteAllocations counts
};

/// All of one site. What the history says is complete after carry().
struct SiteAccount {
  SiteAllocations allocations;
  SiteFrees frees;
  SiteHistory history;

  std::uint64_t allocation_count() const { return allocations.run + history.allocations; }
  std::uint64_t events() const { return allocation_count() + frees.frees + frees.failed_allocations; }
};

}  // namespace memprof::collect
