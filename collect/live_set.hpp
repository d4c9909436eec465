#pragma once
// All blocks that live, by address. One thread at a time per part (see resolve()).
//
// 4 shards by hash of the address, each with its pages (collect/live_pages.hpp). 17 to 30 bytes a block where blocks
// are up to 128 bytes apart, about 50 where they are a page (512 bytes) apart, and 1.1 KiB where they are 16 KiB or
// more apart: a fifteenth of the addresses at most.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "collect/event.hpp"
#include "collect/live_pages.hpp"
#include "collect/relocations.hpp"

namespace memprof::collect {

class LiveSet {
 public:
  static constexpr unsigned kShards = 1u << LivePages::kShardBits;
  /// Birth times are kept in units of 128 ticks (43 ns at 3 GHz), thread indices in 20 bits.
  static constexpr unsigned kBirthShift = 7;
  static constexpr std::uint64_t kBirthUnit = std::uint64_t{1} << kBirthShift;
  static constexpr unsigned kThreadBits = 20;
  static constexpr std::uint32_t kMaxThreads = 1u << kThreadBits;

  LiveSet();

  /// Fills in Event::found and Event::block, and the Relocations of reallocs, for the events whose address belongs to
  /// `part` of `parts`. Different parts of one batch may be resolved at once.
  void resolve(std::span<Event> events, Relocations& relocations, unsigned part = 0, unsigned parts = 1);

  struct Found {
    std::uint64_t address = 0;  ///< where the block begins
    Block block;
  };
  /// The block that `address` lies in. Fast for blocks up to 128 KiB; beyond, all blocks are looked at.
  std::optional<Found> containing(std::uint64_t address) const;

  /// Counts them.
  std::size_t size() const;
  /// Memory of the tables.
  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t kBigSize = 0xffff'ffffu;
  /// Of one shard; see ArenaChunks::kMostSlots.
  static constexpr std::size_t kMostMisaligned = std::size_t{1} << 27;

  struct alignas(64) Shard {
    explicit Shard(ArenaChunks& chunks) : pages(chunks) {}

    LivePages pages;
    /// Of blocks with kBigSize in their slot, by address.
    std::unordered_map<std::uint64_t, std::uint64_t> big_sizes;
    /// No allocator returns addresses that are not multiples of 8, but a broken target may record some.
    std::unordered_map<std::uint64_t, Block> misaligned;
  };

  /// One multiplication: groups in a row lie as evenly as multiples of the golden ratio do, and the fold mixes in what
  /// the product's upper half knows of the others.
  struct HashGroup {
    std::uint64_t seed;
    std::uint64_t operator()(std::uint64_t group) const {
      __extension__ using Wide = unsigned __int128;
      const Wide product = static_cast<Wide>(group ^ seed) * 0x9e37'79b9'7f4a'7c15u;  // 2^64 / golden ratio
      return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
    }
  };

  static unsigned shard_index(std::uint64_t hash) {
    return static_cast<unsigned>(hash >> (64 - LivePages::kShardBits));
  }

  template <typename IsOurs>
  void resolve_if(std::span<Event> events, Relocations& relocations, const IsOurs& is_ours);
  static bool resolve_usual(Event& event, LivePage& page, Shard& shard);
  void resolve_one(Event& event, std::uint64_t hash, Relocations& relocations);
  /// True: a block was there already and is handed out in `replaced`.
  bool insert(std::uint64_t hash, std::uint64_t address, const Block& block, Block& replaced);
  bool remove(std::uint64_t hash, std::uint64_t address, Block& removed);
  static bool insert_misaligned(Shard& shard, std::uint64_t address, const Block& block, Block& replaced);
  static bool remove_misaligned(Shard& shard, std::uint64_t address, Block& removed);
  /// The block in a slot that is about to be given up.
  static Block take(const LiveSlot& slot, std::uint64_t address, Shard& shard);
  static Block read(const LiveSlot& slot, std::uint64_t address, const Shard& shard);
  /// The last block that begins in a page at or below `address`; nothing: none does.
  std::optional<Found> last_in_page(std::uint64_t number, std::uint64_t address) const;
  std::optional<Found> last_of_all(std::uint64_t address) const;
  static void fill(LiveSlot& slot, std::uint64_t address, const Block& block, Shard& shard);

  /// The seed differs from run to run, so that no program can choose addresses that collide.
  HashGroup hash_;
  ArenaChunks chunks_;
  std::vector<Shard> shards_;
};

}  // namespace memprof::collect
