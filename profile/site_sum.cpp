#include "profile/site_sum.hpp"

#include <algorithm>
#include <numeric>

namespace memprof {
namespace {

Histogram sum_of(const Histogram& left, const Histogram& right) {
  Histogram both;
  auto a = left.begin();
  auto b = right.begin();
  while (a != left.end() || b != right.end()) {
    const bool take_a = b == right.end() || (a != left.end() && a->bucket <= b->bucket);
    const bool take_b = a == left.end() || (b != right.end() && b->bucket <= a->bucket);
    both.push_back({take_a ? a->bucket : b->bucket, (take_a ? a->count : 0) + (take_b ? b->count : 0)});
    if (take_a) ++a;
    if (take_b) ++b;
  }
  return both;
}

}  // namespace

void add_figures(Site& sum, const Site& part) {
  if (part.allocations > 0) {
    sum.min_size = sum.allocations > 0 ? std::min(sum.min_size, part.min_size) : part.min_size;
    sum.max_size = std::max(sum.max_size, part.max_size);
    sum.size_divisor = std::gcd(sum.size_divisor, part.size_divisor);
  }
  sum.allocations += part.allocations;
  sum.allocated_bytes += part.allocated_bytes;
  sum.live_blocks += part.live_blocks;
  sum.live_bytes += part.live_bytes;
  sum.peak_blocks += part.peak_blocks;
  sum.peak_bytes += part.peak_bytes;
  sum.temporary_allocations += part.temporary_allocations;
  sum.failed_allocations += part.failed_allocations;
  sum.frees += part.frees;
  sum.freed_bytes += part.freed_bytes;
  sum.highest_heap = std::max(sum.highest_heap, part.highest_heap);
  sum.size_histogram = sum_of(sum.size_histogram, part.size_histogram);
  sum.lifetime_histogram = sum_of(sum.lifetime_histogram, part.lifetime_histogram);
}

}  // namespace memprof
