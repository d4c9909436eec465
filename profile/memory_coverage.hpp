#pragma once
// How much of a process's resident memory its profile accounts for. docs/trust.md explains the rules to users.

#include <cstdint>
#include <optional>

#include "profile/profile.hpp"

namespace memprof {

/// Resident bytes by what they are; with `unexplained` they add up to MemoryMoment::rss_bytes.
struct MemoryCoverage {
  std::uint64_t heap = 0;       ///< live blocks, as requested, as far as they can be resident
  std::uint64_t allocator = 0;  ///< the allocator's overhead and free chunks
  std::uint64_t direct = 0, files = 0, stacks = 0, memprof = 0;
  std::uint64_t unexplained = 0;
  std::uint64_t untouched = 0;  ///< live bytes that cannot be resident: not a part of the sum
};

/// `heap_peak` is Totals::peak_bytes. Where the allocator does not say what it holds, it is taken to hold no more than
/// a quarter above the highest live heap, and a mebibyte: allocators keep what they once needed.
[[nodiscard]] MemoryCoverage cover_memory(const MemoryMoment& moment, std::uint64_t heap_peak);

/// The moment at which most was resident; nullptr: there was no time to look.
[[nodiscard]] const MemoryMoment* highest_moment(const Profile& profile);

/// Whether most of the memory that is neither files nor stacks is in no figure of the heap, and worth a word.
[[nodiscard]] bool mostly_unseen(const MemoryMoment& moment, std::uint64_t heap_peak);

}  // namespace memprof
