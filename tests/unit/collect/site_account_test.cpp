#include "collect/site_account.hpp"

#include <map>
#include <numeric>
#include <random>

#include "collect/lifetime_buckets.hpp"
#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

Histogram as_histogram(const std::map<std::uint32_t, std::uint64_t>& counts) {
  Histogram histogram;
  for (const auto& [bucket, count] : counts) histogram.push_back({bucket, count});
  return histogram;
}

TEST_CASE("sizes of a site are those of its allocations, in runs or not") {
  const auto longest_run = GENERATE(1u, 3u, 1000u);
  const std::uint64_t sizes[] = {0, 1, 24, 48, 4096, 0xffff'fffe, 0xffff'ffff, 0x1'0000'0000, 0xff'ffff'ffff};
  std::mt19937_64 random(longest_run);
  SiteAccount site;
  std::map<std::uint32_t, std::uint64_t> buckets;
  std::uint64_t count = 0, bytes = 0, least = ~std::uint64_t{0}, most = 0, divisor = 0;
  for (int run = 0; run < 2000; ++run) {
    const std::uint64_t size = sizes[random() % std::size(sizes)];
    for (std::uint64_t i = 0; i <= random() % longest_run; ++i) {
      site.allocations.count(size, wire::Hook::kNew, site.history);
      ++count;
      bytes += size;
      least = std::min(least, size);
      most = std::max(most, size);
      divisor = std::gcd(divisor, size);
      ++buckets[CompactHistogram::bucket_of(size)];
      REQUIRE(site.allocation_count() == count);
    }
  }
  site.allocations.carry(site.history);
  CHECK(site.history.allocations == count);
  CHECK(site.history.allocated_bytes == bytes);
  CHECK(site.history.min_size == least);
  CHECK(site.history.max_size == most);
  CHECK(site.history.size_divisor == divisor);
  CHECK(site.history.sizes.sparse() == as_histogram(buckets));
}

TEST_CASE("the first allocation of a site says which hook it has") {
  const std::uint64_t size =
      GENERATE(std::uint64_t{8}, ~std::uint64_t{0} >> 8, std::uint64_t{SiteAllocations::kNoSize});
  SiteAccount site;
  site.allocations.count(size, wire::Hook::kCalloc, site.history);
  site.allocations.count(8, wire::Hook::kNew, site.history);
  site.allocations.count(size, wire::Hook::kNew, site.history);
  CHECK(site.history.hook == wire::Hook::kCalloc);
}

TEST_CASE("a run that reaches its limit is carried to the history") {
  SiteAccount site;
  site.allocations.count(16, wire::Hook::kNew, site.history);
  site.allocations.run = SiteAllocations::kLongestRun;
  site.allocations.temporary = SiteAllocations::kLongestRun + 1;
  site.allocations.count(16, wire::Hook::kNew, site.history);
  site.allocations.carry(site.history);
  CHECK(site.history.allocations == std::uint64_t{SiteAllocations::kLongestRun} + 1);
  CHECK(site.history.allocated_bytes == 16 * (std::uint64_t{SiteAllocations::kLongestRun} + 1));
  CHECK(site.history.temporary_allocations == std::uint64_t{SiteAllocations::kLongestRun} + 1);
}

TEST_CASE("lifetimes of a site are all counted, wherever their buckets lie") {
  const unsigned first = GENERATE(0u, 3u, 30u, kHistogramBuckets - 1);
  std::mt19937_64 random(first);
  SiteAccount site;
  std::map<std::uint32_t, std::uint64_t> buckets;
  for (int i = 0; i < 5000; ++i) {
    // Most near the first, some anywhere.
    const unsigned bucket =
        i == 0 ? first
               : static_cast<unsigned>(random() % 8 == 0
                                           ? random() % kHistogramBuckets
                                           : std::min<std::uint64_t>(first + random() % 3, kHistogramBuckets - 1));
    site.allocations.add_lifetime(bucket, site.history);
    ++buckets[bucket];
  }
  site.allocations.carry(site.history);
  CHECK(site.history.lifetimes.sparse() == as_histogram(buckets));
  site.allocations.carry(site.history);
  CHECK(site.history.lifetimes.sparse() == as_histogram(buckets));
}

TEST_CASE("a lifetime's bucket is told from its ticks as from its nanoseconds") {
  const double ns_per_tick = GENERATE(1.0, 0.385, 0.3333333333333333, 0.25, 1.0 / 5.0, 0.9999999, 41.666, 0.5000001);
  const LifetimeBuckets buckets(ns_per_tick);
  const auto check = [&](std::uint64_t ticks) {
    REQUIRE(buckets(ticks) == LifetimeBuckets::computed(ticks, ns_per_tick));
  };
  for (std::uint64_t ticks = 0; ticks < 10'000; ++ticks) check(ticks);
  for (unsigned width = 1; width < 56; ++width) {
    for (std::uint64_t off = 0; off < 3; ++off) {
      const std::uint64_t power = std::uint64_t{1} << width;
      check(power - off);
      check(power + off);
      // Where the nanoseconds pass a power of two.
      const auto passing = static_cast<std::uint64_t>(static_cast<double>(power) / ns_per_tick);
      if (passing >> 55 != 0) continue;
      check(passing + off);
      if (passing >= off) check(passing - off);
    }
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) check(random() >> (8 + random() % 56));
}

}  // namespace
}  // namespace memprof::collect
