#pragma once
// Records of the wire → events of the engine: puts extensions and their events together, knows which thread owns a
// ring, matches the ends of reallocs with their begins, and throws out what makes no sense. Records of the mapped
// domain never become events: they go straight to its accounts.

#include <cstdint>
#include <vector>

#include "collect/event.hpp"
#include "collect/mapped_accounts.hpp"
#include "collect/region_damage.hpp"
#include "collect/region_texts.hpp"
#include "collect/relocations.hpp"
#include "collect/shared_region.hpp"
#include "collect/stack_sites.hpp"
#include "collect/thread_table.hpp"

namespace memprof::collect {

class RecordDecoder {
 public:
  RecordDecoder(const SharedRegion& region, StackSites& sites, ThreadTable& threads, Relocations& relocations,
                MappedAccounts& mapped, RegionDamage& damage);

  /// Stack ids from here on are below this (at most the node capacity).
  void set_node_limit(std::uint32_t limit) {
    node_limit_ = limit;
    sites_.make_room(limit);
  }

  const std::vector<std::string>& texts() const { return texts_.texts(); }

  static constexpr std::uint32_t kNoThread = kNoRelocation;

  /// What came in a ring before the record at hand.
  struct RingState {
    std::uint32_t ring = 0;
    std::uint32_t thread = kNoThread;
    bool extended = false;
    std::uint64_t upper_size = 0;     ///< 0 unless extended
    std::vector<std::uint32_t> open;  ///< relocations that began here, the innermost last
  };
  /// Valid until that of a new ring is asked for.
  RingState& state_of(std::uint32_t ring) {
    if (ring >= rings_.size()) add_rings(ring);
    return rings_[ring];
  }

  /// Fills in `event`, all but its block; false: the record makes none.
  bool decode(RingState& state, const wire::Record& record, std::uint64_t ticks, Event& event) {
    const std::uint32_t site = usual(state, record) ? sites_.find(record.stack()) : StackSites::kNone;
    if (__builtin_expect(site == StackSites::kNone, 0)) return decode_rest(state, record, ticks, event);
    event.ticks = ticks;
    event.address = record.address;
    event.size = record.low_size();
    event.site = site;
    event.thread = state.thread;
    event.relocation = kNoRelocation;
    event.operation = record.operation();
    event.hook = static_cast<wire::Hook>(record.hook_or_mark());
    event.found = false;
    event.unrecorded = false;
    return true;
  }

 private:
  /// A signal handler may realloc inside a realloc; deeper than this, or when a begin never gets its end (longjmp),
  /// the oldest is given up: its block stays live.
  static constexpr std::size_t kMaxOpen = 8;

  /// An allocation or a free of the heap that nothing before it matters to.
  bool usual(const RingState& state, const wire::Record& record) const {
    constexpr auto kAlloc = static_cast<unsigned>(wire::Operation::kAlloc);
    constexpr auto kFree = static_cast<unsigned>(wire::Operation::kFree);
    static_assert((kAlloc ^ kFree) == 2);
    const bool heap = record.hook_or_mark() < static_cast<std::uint8_t>(wire::Hook::kMmap);
    const bool operation = (static_cast<unsigned>(record.operation()) | 2u) == (kAlloc | kFree);
    return heap && operation && record.address != 0 && record.stack() < node_limit_ && state.thread != kNoThread &&
           !state.extended;
  }
  /// The record by value, so that the caller's copy may stay in registers.
  bool decode_rest(RingState& state, wire::Record record, std::uint64_t ticks, Event& event);
  void add_rings(std::uint32_t last);
  void extend(RingState& state, std::uint64_t upper);
  bool mark(RingState& state, const wire::Record& record, std::uint64_t ticks, Event& event);
  /// Counts a stack that does not exist as damage, and takes the lost root in its place.
  std::uint32_t site_of(wire::StackId stack);
  void open_relocation(RingState& state, Event& event);
  bool close_relocation(RingState& state, Event& event);

  const SharedRegion& region_;
  StackSites& sites_;
  ThreadTable& threads_;
  Relocations& relocations_;
  MappedAccounts& mapped_;
  RegionDamage& damage_;
  std::uint32_t node_limit_ = wire::kFirstNode;
  std::vector<RingState> rings_;
  RegionTexts texts_{region_, damage_};
};

}  // namespace memprof::collect
