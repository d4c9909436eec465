#pragma once
// All blocks that live, by address: 16 tables, each for the addresses of one part of the hash. One thread at a time
// per part (see resolve()). Tables grow
// one at a time, so no event waits for the whole set to grow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "collect/event.hpp"
#include "collect/live_table.hpp"
#include "collect/relocations.hpp"

namespace memprof::collect {

class LiveSet {
 public:
  static constexpr unsigned kShards = 1u << LiveTable::kShardBits;
  /// Birth times are kept in units of 128 ticks (43 ns at 3 GHz), thread indices in 20 bits.
  static constexpr std::uint64_t kBirthUnit = std::uint64_t{1} << LiveTable::kBirthShift;
  static constexpr std::uint32_t kMaxThreads = 1u << LiveTable::kThreadBits;

  LiveSet();

  /// Fills in Event::found and Event::block, and the Relocations of reallocs, for the events whose address belongs to
  /// `part` of `parts`. Different parts of one batch may be resolved at once. Throws std::bad_alloc.
  void resolve(std::span<Event> events, Relocations& relocations, unsigned part = 0, unsigned parts = 1);

  std::size_t size() const;
  /// Memory of the tables.
  std::size_t bytes() const;

 private:
  static unsigned shard_of(std::uint64_t hash) { return static_cast<unsigned>(hash >> (64 - LiveTable::kShardBits)); }
  void resolve_one(Event& event, std::uint64_t hash, Relocations& relocations);

  /// Differs from run to run, so that no program can choose addresses that collide.
  std::uint64_t seed_;
  std::array<LiveTable, kShards> shards_;
};

}  // namespace memprof::collect
