#pragma once
// All blocks that live, by address. One thread at a time per part (see resolve()).
//
// 64 shards by hash of the address; each is a table of 24-byte slots with linear probing, holes closed by shifting
// back, so there are no tombstones. The home of an address is its hash scaled to the capacity (not masked by it), so
// a shard can grow by 1.3 instead of 2, which keeps it between 62 and 80 % full: 30 to 39 bytes a block. Shards grow
// one at a time, so growing never needs more than 1/64 on top.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "collect/event.hpp"
#include "collect/relocations.hpp"
#include "collect/zeroed_array.hpp"

namespace memprof::collect {

class LiveSet {
 public:
  static constexpr unsigned kShards = 64;
  /// Birth times are kept in units of 128 ticks (43 ns at 3 GHz), thread indices in 20 bits.
  static constexpr unsigned kBirthShift = 7;
  static constexpr std::uint64_t kBirthUnit = std::uint64_t{1} << kBirthShift;
  static constexpr std::uint32_t kMaxThreads = 1u << 20;

  LiveSet();

  /// Fills in Event::found and Event::block, and the Relocations of reallocs, for the events whose address belongs to
  /// `part` of `parts`. Different parts of one batch may be resolved at once.
  void resolve(std::span<Event> events, Relocations& relocations, unsigned part = 0, unsigned parts = 1);

  std::size_t size() const;
  /// Memory of the tables.
  std::size_t bytes() const;

 private:
  struct Slot {
    std::uint64_t address;   ///< 0: empty
    std::uint32_t low_size;  ///< kBigSize: see Shard::big_sizes
    std::uint32_t site;
    std::uint64_t birth_and_thread;
  };
  static_assert(sizeof(Slot) == 24);
  static constexpr std::uint32_t kBigSize = 0xffff'ffffu;

  struct Shard {
    ZeroedArray<Slot> slots;     ///< `capacity` homes and some room for what is pushed beyond; the last is never used
    std::uint64_t capacity = 0;  ///< number of homes
    std::size_t count = 0;
    std::size_t limit = 0;  ///< grow when count reaches it
    std::unordered_map<std::uint64_t, std::uint64_t> big_sizes;
  };

  std::uint64_t hash(std::uint64_t address) const;
  static std::size_t home(std::uint64_t hash, std::uint64_t capacity);
  static unsigned shard_index(std::uint64_t hash) { return static_cast<unsigned>(hash >> 58); }

  void resolve_one(Event& event, std::uint64_t hash, Relocations& relocations);
  /// True: a block was there already and is handed out in `replaced`.
  bool insert(std::uint64_t hash, std::uint64_t address, const Block& block, Block& replaced);
  bool remove(std::uint64_t hash, std::uint64_t address, Block& removed);
  void close_hole(Shard& shard, std::size_t hole);
  void grow(Shard& shard);
  static Block unpack(const Slot& slot, const Shard& shard);
  static void pack(Slot& slot, const Block& block, Shard& shard);

  /// Differs from run to run, so that no program can choose addresses that collide.
  std::uint64_t seed_;
  std::array<Shard, kShards> shards_;
};

}  // namespace memprof::collect
