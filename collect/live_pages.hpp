#pragma once
// Blocks grouped by the 512 bytes of addresses that they begin in, for LiveSet. Neighbours in the target's heap are
// neighbours here, so a program that walks through its heap costs the collector few cache misses.
//
// A page has one bit for each multiple of 8, and an array that holds a slot for each set bit, in the order of the
// addresses; so a slot needs no address. A slot whose block is gone stays in its place, since the next block often has
// the same address: in a steady heap an event touches the page and one slot, both known early enough to be fetched
// ahead. Arrays come from an arena in a few sizes and are reused by size.

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "collect/zeroed_array.hpp"

namespace memprof::collect {

struct LiveSlot {
  std::uint64_t size_and_site;  ///< lower half: see LiveSet::kBigSize
  std::uint64_t birth_and_thread;

  std::uint32_t low_size() const { return static_cast<std::uint32_t>(size_and_site); }
  std::uint32_t site() const { return static_cast<std::uint32_t>(size_and_site >> 32); }
};
static_assert(sizeof(LiveSlot) == 16);

/// Memory for the arenas of all shards, in huge pages once there is much of it. Any thread.
class ArenaChunks {
 public:
  static constexpr std::size_t kSlots = 512;  ///< of a chunk: 8 KiB

  /// So that the blocks of a site can be counted in 32 bits; they would take 48 GiB.
  static constexpr std::size_t kMostSlots = std::size_t{3} << 30;

  /// A chunk that lives as long as this. Throws std::bad_alloc.
  LiveSlot* take();

 private:
  // Spans double from 128 KiB to the size of a huge page.
  static constexpr std::size_t kFirstSpan = 16;
  static constexpr std::size_t kLastSpan = 256;

  std::mutex mutex_;
  std::vector<ZeroedArray<LiveSlot>> spans_;
  std::size_t span_chunks_ = kFirstSpan;  ///< of the next span
  LiveSlot* next_ = nullptr;
  std::size_t left_ = 0;   ///< chunks from next_ on
  std::size_t slots_ = 0;  ///< in all chunks that were taken
};

/// Arrays of slots for one shard.
class SlotArena {
 public:
  /// By size class; the first is that of no array.
  static constexpr std::array<std::uint8_t, 10> kCapacities{0, 1, 2, 4, 8, 16, 24, 32, 48, 64};

  explicit SlotArena(ArenaChunks& chunks) : chunks_(chunks) {}

  /// An array of kCapacities[size_class] slots.
  LiveSlot* allocate(unsigned size_class);
  void release(LiveSlot* array, unsigned size_class);

  std::size_t bytes() const { return chunk_count_ * ArenaChunks::kSlots * sizeof(LiveSlot); }

 private:
  /// A released array begins with the next one.
  struct Released {
    LiveSlot* next;
  };

  ArenaChunks& chunks_;
  LiveSlot* next_ = nullptr;  ///< unused part of the last chunk
  std::size_t left_ = 0;
  std::size_t chunk_count_ = 0;
  std::array<LiveSlot*, kCapacities.size()> released_{};
};

#if defined(__x86_64__)
extern const bool kHasPopcnt;  ///< of this processor
#endif

struct alignas(32) LivePage {
  static constexpr unsigned kShift = 9;
  static constexpr std::uint64_t kGranule = 8;
  static constexpr unsigned kClassBits = 4;

  std::uint64_t key_and_class;  ///< key << kClassBits | size class of `slots`; 0: no page
  LiveSlot* slots;
  std::uint64_t taken;  ///< by granule: has a slot
  std::uint64_t live;   ///< by granule: has a slot with a block; part of `taken`

  /// Never 0.
  static std::uint64_t key_of(std::uint64_t address) { return (address >> kShift) + 1; }
  static std::uint64_t start_of(std::uint64_t key) { return (key - 1) << kShift; }
  static std::uint64_t bit_of(std::uint64_t address) { return std::uint64_t{1} << (address / kGranule % 64); }
  /// std::popcount would be a call unless built for processors that all have the instruction.
  static unsigned count(std::uint64_t bits) {
#if defined(__x86_64__)
    if (__builtin_expect(kHasPopcnt, 1)) {
      std::uint64_t bits_set;
      __asm__("popcntq %1, %0" : "=r"(bits_set) : "r"(bits) : "cc");
      return static_cast<unsigned>(bits_set);
    }
#endif
    bits -= bits >> 1 & 0x5555'5555'5555'5555u;
    bits = (bits & 0x3333'3333'3333'3333u) + (bits >> 2 & 0x3333'3333'3333'3333u);
    bits = (bits + (bits >> 4)) & 0x0f0f'0f0f'0f0f'0f0fu;
    return static_cast<unsigned>(bits * 0x0101'0101'0101'0101u >> 56);
  }

  std::uint64_t key() const { return key_and_class >> kClassBits; }
  unsigned size_class() const { return key_and_class & ((1u << kClassBits) - 1); }
  unsigned capacity() const { return SlotArena::kCapacities[size_class()]; }

  bool holds(std::uint64_t bit) const { return (live & bit) != 0; }
  bool has_slot(std::uint64_t bit) const { return (taken & bit) != 0; }
  /// The slot that the bit has, or would have.
  LiveSlot& slot(std::uint64_t bit) const { return slots[count(taken & (bit - 1))]; }
  /// A slot for a bit that is not live; to be filled in.
  LiveSlot& add(std::uint64_t bit, SlotArena& arena) {
    if ((taken & bit) == 0) make_slot(bit, arena);
    live |= bit;
    return slot(bit);
  }
  /// A bit that has a slot becomes live, or no longer is.
  void turn(std::uint64_t bit) { live ^= bit; }
  /// For a bit that has none.
  void make_slot(std::uint64_t bit, SlotArena& arena);

 private:
  /// Drops the slots without blocks.
  void compact();
  void enlarge(SlotArena& arena);
};
static_assert(sizeof(LivePage) == 32);

/// The pages of one shard: open addressing with linear probing, where four pages in a row have homes in a row. A page
/// stays when its last block goes, since the next one often comes soon; pages that are empty when the table is full are
/// thrown out.
class LivePages {
 public:
  /// Upper bits of the hash that say which shard it is.
  static constexpr unsigned kShardBits = 2;

  /// Throws std::bad_alloc.
  explicit LivePages(ArenaChunks& chunks) : arena_(chunks) { start_anew(); }

  /// What the hash is made of that find() and the others take: the same for pages whose homes are neighbours.
  static std::uint64_t group_of(std::uint64_t key) { return key / kGroup; }

  /// Null: there is none.
  LivePage* find(std::uint64_t hash, std::uint64_t key) const {
    for (std::size_t at = home(hash, key);; at = after(at)) {
      if (table_[at].key() == key) return &table_[at];
      if (table_[at].key_and_class == 0) return nullptr;
    }
  }
  /// Where the search for a page begins, to be fetched ahead.
  LivePage* home_of(std::uint64_t hash, std::uint64_t key) const { return &table_[home(hash, key)]; }
  /// Null: there is none, or find() would have to go on at the table's beginning.
  static LivePage* find_from(LivePage* home, std::uint64_t key) {
    for (; home->key() != key; ++home) {
      if (home->key_and_class == 0 || home->key_and_class == kEnd) return nullptr;
    }
    return home;
  }
  /// The page, a new one if need be. Pages found before are no longer valid. `rehash` maps a group to its hash.
  template <typename Rehash>
  LivePage& find_or_add(std::uint64_t hash, std::uint64_t key, const Rehash& rehash) {
    if (LivePage* const page = find(hash, key)) return *page;
    if (count_ >= limit_) rebuild(rehash);
    ++count_;
    LivePage& page = vacancy(hash, key);
    page.key_and_class = key << LivePage::kClassBits;
    return page;
  }
  SlotArena& arena() { return arena_; }
  /// Rises whenever pages that were found before are no longer valid.
  std::uint32_t rebuilds() const { return rebuilds_; }

  /// All pages, in no order; those without a block have no live bits.
  const LivePage* begin() const { return table_.begin(); }
  const LivePage* end() const { return table_.begin() + capacity_; }

  std::size_t bytes() const { return table_.bytes() + arena_.bytes(); }

 private:
  static constexpr std::uint64_t kGroup = 4;
  static constexpr std::size_t kFirstCapacity = 124;
  /// In place of a key behind the last page; too large to be one.
  static constexpr std::uint64_t kEnd = ~std::uint64_t{0};

  /// The hash scaled to the capacity; its top bits chose the shard.
  std::size_t home(std::uint64_t hash, std::uint64_t key) const {
    __extension__ using Wide = unsigned __int128;
    const auto group = static_cast<std::size_t>(static_cast<Wide>(hash << kShardBits) * (capacity_ / kGroup) >> 64);
    return group * kGroup + key % kGroup;
  }
  std::size_t after(std::size_t at) const { return at + 1 == capacity_ ? 0 : at + 1; }
  LivePage& vacancy(std::uint64_t hash, std::uint64_t key) {
    std::size_t at = home(hash, key);
    while (table_[at].key_and_class != 0) at = after(at);
    return table_[at];
  }
  /// Begins a table with room for a third more pages than are in use; returns the old one.
  ZeroedArray<LivePage> start_anew();

  /// Leaves out the pages that are empty.
  template <typename Rehash>
  void rebuild(const Rehash& rehash) {
    const ZeroedArray<LivePage> old = start_anew();
    for (const LivePage& page : std::span(old.begin(), old.end() - 1)) {
      if (page.live != 0) {
        vacancy(rehash(group_of(page.key())), page.key()) = page;
        ++count_;
      } else if (page.slots != nullptr) {
        arena_.release(page.slots, page.size_class());
      }
    }
  }

  ZeroedArray<LivePage> table_;  ///< and kEnd behind them
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
  std::size_t limit_ = 0;  ///< rebuild when count_ reaches it
  std::uint32_t rebuilds_ = 0;
  SlotArena arena_;
};

}  // namespace memprof::collect
