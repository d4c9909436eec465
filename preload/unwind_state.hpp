#pragma once
// What a thread keeps between two stacks: for each of the few stacks that it is on in turns (its own, an alternate
// signal stack, fibers) the pages known to be readable and the memo; and working memory that is too large for the
// stack of a signal handler.

#include <array>
#include <cstdint>

#include "preload/known_stacks.hpp"
#include "preload/memo.hpp"
#include "preload/unwind_lookup.hpp"
#include "preload/unwind_memory.hpp"
#include "preload/unwind_registers.hpp"
#include "preload/unwind_row.hpp"
#include "preload/unwinder.hpp"

namespace memprof::preload {

/// A frame of the present stack that is not in the memo (yet).
struct FreshFrame {
  std::uintptr_t sp;
  std::uintptr_t address;
  std::uintptr_t rbp;
  UnwindRow row;
};
static_assert(sizeof(FreshFrame) == 32);

/// One stack of a thread.
struct StackLane {
  StackRange range;
  Memo memo;
  /// The last walk ended at the edge of readable memory: a stack whose bottom frame was entered by a jump, not a call.
  /// What is beyond that edge may be gone next time, so nothing of such a stack is taken for granted.
  bool at_edge;

  /// For a stack that was cut: forgets it unless it may still be believed to be cut there. `address` is on it.
  void recheck_cut(std::uintptr_t address);
};

/// Full rules lately needed; whoever needs them once needs them again at the same addresses.
class RuleCache {
 public:
  const FrameRules* find(std::uintptr_t address) const {
    const Entry& entry = entries_[index_of(address)];
    return entry.address == address ? &entry.rules : nullptr;
  }
  const FrameRules* put(std::uintptr_t address, const FrameRules& rules) {
    Entry& entry = entries_[index_of(address)];
    entry.address = address;
    entry.rules = rules;
    return &entry.rules;
  }
  void clear() {
    for (Entry& entry : entries_) {
      if (entry.address != 0) entry.address = 0;
    }
  }

 private:
  struct Entry {
    std::uintptr_t address;
    FrameRules rules;
  };
  static constexpr std::size_t kEntries = 32;
  static std::size_t index_of(std::uintptr_t address) { return (address ^ address >> 7 ^ address >> 13) % kEntries; }

  std::array<Entry, kEntries> entries_;
};

struct ThreadUnwindState {
  static constexpr std::uint32_t kLanes = 4;

  std::uint32_t generation;  ///< ModuleList::generation() for which all of this holds
  std::uint32_t unmappings;  ///< g_unmappings for which the ranges hold
  StackLane* lane;           ///< the stack of the last event
  std::uint32_t next_lane;   ///< to be given up next
  std::uint32_t fresh_capacity;
  bool used;  ///< no longer all zeros
  FreshFrame* fresh;
  StackLane lanes[kLanes];
  ReadLog log;
  KnownStacks known;
  RuleCache rules;
  FoundRules found;
  RuleScratch scratch;

  /// Makes the state good for the present, forgetting what it must.
  void renew(std::uint32_t generation_now, std::uint32_t unmappings_now);
  /// The lane whose range covers `address`, perhaps a new or widened one; null when it can't be read.
  StackLane* lane_of(std::uintptr_t address);
  /// Likewise for the stack that the thread is on now. False: it can't be read.
  bool change_lane(std::uintptr_t address);
  bool covers(std::uintptr_t address) const {
    for (const StackLane& each : lanes) {
      if (each.range.covers(address)) return true;
    }
    return false;
  }
};

}  // namespace memprof::preload
