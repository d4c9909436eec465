#include "profile/memory_coverage.hpp"

#include <algorithm>

namespace memprof {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
/// Below it nobody wonders where the memory is.
constexpr std::uint64_t kWorthAWord = 32 * kMiB;

constexpr std::uint64_t difference(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

MemoryCoverage cover_memory(const MemoryMoment& moment, std::uint64_t heap_peak) {
  MemoryCoverage coverage;
  coverage.heap = std::min(moment.live_bytes, moment.anonymous_bytes);
  coverage.untouched = moment.live_bytes - coverage.heap;
  const std::uint64_t held =
      moment.allocator_held != 0 ? moment.allocator_held : std::max(heap_peak, moment.live_bytes) / 4 * 5 + kMiB;
  const std::uint64_t rest = moment.anonymous_bytes - coverage.heap;
  coverage.allocator = std::min(rest, difference(held, coverage.heap));
  coverage.unexplained = rest - coverage.allocator;
  coverage.direct = moment.direct_bytes;
  coverage.files = moment.file_bytes;
  coverage.stacks = moment.stack_bytes;
  coverage.memprof = moment.memprof_bytes;
  return coverage;
}

const MemoryMoment* highest_moment(const Profile& profile) {
  const auto highest =
      std::max_element(profile.memory.begin(), profile.memory.end(),
                       [](const MemoryMoment& a, const MemoryMoment& b) { return a.rss_bytes < b.rss_bytes; });
  return highest == profile.memory.end() ? nullptr : &*highest;
}

bool mostly_unseen(const MemoryMoment& moment, std::uint64_t heap_peak) {
  const MemoryCoverage coverage = cover_memory(moment, heap_peak);
  const std::uint64_t unseen = coverage.direct + coverage.unexplained;
  return unseen >= kWorthAWord && unseen > (moment.anonymous_bytes + moment.direct_bytes) / 2;
}

}  // namespace memprof
