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
  void set_node_limit(std::uint32_t limit) { node_limit_ = limit; }

  const std::vector<std::string>& texts() const { return texts_.texts(); }

  /// Appends the record's event, if it makes one.
  void decode(std::uint32_t ring, const wire::Record& record, std::uint64_t ticks, std::vector<Event>& events);

 private:
  static constexpr std::uint32_t kNoThread = kNoRelocation;
  /// A signal handler may realloc inside a realloc; deeper than this, or when a begin never gets its end (longjmp),
  /// the oldest is given up: its block stays live.
  static constexpr std::size_t kMaxOpen = 8;

  struct RingState {
    std::uint32_t thread = kNoThread;
    bool extended = false;
    std::uint64_t upper_size = 0;
    std::vector<std::uint32_t> open;  ///< relocations that began here, the innermost last
  };

  void extend(RingState& state, std::uint64_t upper);
  void mark(std::uint32_t ring, const wire::Record& record, std::uint64_t ticks, std::vector<Event>& events);
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
