#pragma once
// An event as the engine handles it: decoded and checked, in the order of time. A batch of them goes through two
// steps: the live set says which block each one concerns (per address, so shards of addresses may be worked on at
// once), then the accounts are kept (in order).

#include <cstdint>
#include <limits>

#include "wire/record.hpp"

namespace memprof::collect {

/// A block that lives, or lived until the event at hand.
struct Block {
  std::uint64_t size = 0;   ///< requested bytes
  std::uint64_t birth = 0;  ///< ticks, rounded down to LiveSet::kBirthUnit
  std::uint32_t site = 0;   ///< index of the site that allocated it
  std::uint32_t thread = 0;
};

/// Of blocks that were allocated between memprof_pause() and memprof_resume().
inline constexpr std::uint32_t kUnrecordedSite = std::numeric_limits<std::uint32_t>::max();

inline constexpr std::uint32_t kNoRelocation = std::numeric_limits<std::uint32_t>::max();

struct Event {
  std::uint64_t ticks = 0;    ///< since Header::clock_base
  std::uint64_t address = 0;  ///< kReallocFail: of the block that stays; of a mark: a number of RegionTexts, or its own
  std::uint64_t size = 0;     ///< requested bytes; kAlloc and kReallocEnd only; of a question: its number
  std::uint32_t site = 0;     ///< site of this event's own call stack; of a mark: the ring that it came in
  std::uint32_t thread = 0;
  std::uint32_t relocation = kNoRelocation;  ///< which of Relocations a realloc's records belong to
  wire::Operation operation = wire::Operation::kExtension;
  wire::Hook hook = wire::Hook::kMalloc;
  /// Filled in by LiveSet::resolve(): a block was at the address, namely `block`. For a free that is as it should be;
  /// for an allocation it means that a free was missed.
  bool found = false;
  /// The thread was paused: the block is remembered, with kUnrecordedSite, but no figure counts it. kAlloc,
  /// kReallocEnd.
  bool unrecorded = false;
  Block block;

  /// Of kMark: such an event has no hook.
  wire::Mark mark() const { return static_cast<wire::Mark>(hook); }
};
static_assert(sizeof(Event) == 64, "one cache line an event");

}  // namespace memprof::collect
