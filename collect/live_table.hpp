#pragma once
// One shard of the live set: a hash table of blocks by address, made so that an event touches two cache lines, both
// known early enough to be fetched ahead.
//
//   chunk  = 14 tags, 1 byte unused, 1 byte overflow, 14 slots of 24 bytes: 352 bytes
//   tag    = 0: empty, else 0x80 | 7 bits of the hash
//   home   = hash scaled to the number of chunks (not masked by it), so the table can grow by a quarter
//
// A block that finds its home chunk full goes to the next chunk and counts in the overflow of each one it passed, so a
// search ends at the first chunk that nobody passed, and a removal leaves nothing behind (no tombstones). 66 to 82 % of
// the slots are in use: 31 to 39 bytes a block.
//
// Growing happens in place, from the last chunk down: the home of a block never gets lower as chunks are added.

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "collect/event.hpp"
#include "collect/growable_pages.hpp"

namespace memprof::collect {

/// The hash of an address as the table needs it; good in its upper and in its lowest bits.
[[nodiscard]] inline std::uint64_t hash_address(std::uint64_t address, std::uint64_t seed) {
  std::uint64_t value = (address ^ seed) * 0x9e37'79b9'7f4a'7c15u;  // 2^64 / golden ratio, odd
  value ^= value >> 32;
  value *= 0xd6e8'feb8'6659'fd93u;  // an odd constant without patterns
  return value ^ value >> 32;
}

class LiveTable {
 public:
  /// Upper bits of the hash that say which table it is.
  static constexpr unsigned kShardBits = 4;
  static constexpr unsigned kBirthShift = 7;
  static constexpr unsigned kThreadBits = 20;

  void set_seed(std::uint64_t seed) { seed_ = seed; }

  // `hash` is hash_address(address, seed) everywhere.
  /// Fetches the tags of the chunk where the search for the hash begins.
  void prefetch_tags(std::uint64_t hash) const {
    if (chunk_count_ != 0) __builtin_prefetch(chunks() + home(hash), 1);
  }
  /// Some time after prefetch_tags(): fetches the slot that is most likely meant.
  void prefetch_slot(std::uint64_t hash) const;

  /// True: a block was there already; it is handed out and replaced. Throws std::bad_alloc.
  bool insert(std::uint64_t hash, std::uint64_t address, const Block& block, Block& replaced);
  bool remove(std::uint64_t hash, std::uint64_t address, Block& removed);

  std::size_t size() const { return count_; }
  std::size_t bytes() const { return pages_.bytes(); }

 private:
  static constexpr unsigned kSlots = 14;
  static constexpr std::uint8_t kStuck = 255;  ///< an overflow that was once this high is not counted any more

  struct Slot {
    std::uint64_t address;
    std::uint32_t low_size;  ///< kBigSize: see big_sizes_
    std::uint32_t site;
    std::uint64_t birth_and_thread;
  };
  static_assert(sizeof(Slot) == 24);
  static constexpr std::uint32_t kBigSize = 0xffff'ffffu;

  struct Chunk {
    std::uint8_t tags[kSlots];
    std::uint8_t unused;
    std::uint8_t overflow;
    Slot slots[kSlots];
  };
  static_assert(sizeof(Chunk) == 352);

  struct Place {
    Chunk* chunk = nullptr;
    unsigned slot = 0;
  };

  /// One bit per tag: its highest.
  struct TagMask {
    std::uint64_t low, high;
    bool any() const { return (low | high) != 0; }
    unsigned first() const;
    void drop_first();
  };
  static TagMask matching(const Chunk& chunk, std::uint8_t tag);
  static TagMask empty(const Chunk& chunk);

  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(0x80u | (hash & 0x7fu)); }
  Chunk* chunks() const { return static_cast<Chunk*>(pages_.data()); }
  std::size_t home(std::uint64_t hash) const {
    __extension__ using Wide = unsigned __int128;
    // The top bits chose the shard.
    return static_cast<std::size_t>(static_cast<Wide>(hash << kShardBits) * chunk_count_ >> 64);
  }
  std::size_t next(std::size_t chunk) const { return chunk + 1 == chunk_count_ ? 0 : chunk + 1; }

  Place find(std::uint64_t hash, std::uint64_t address) const;
  Slot& add(std::uint64_t hash);
  void grow();
  void spread(std::size_t old_count);

  Block unpack(const Slot& slot) const;
  void pack(Slot& slot, const Block& block);

  std::uint64_t seed_ = 0;
  std::size_t chunk_count_ = 0;
  std::size_t count_ = 0;
  std::size_t limit_ = 0;  ///< grow when count_ reaches it
  GrowablePages pages_;
  std::unordered_map<std::uint64_t, std::uint64_t> big_sizes_;
};

}  // namespace memprof::collect
