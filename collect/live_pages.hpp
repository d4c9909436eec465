#pragma once
// Blocks grouped by the 512 bytes of addresses that they begin in, for LiveSet. Neighbours in the target's heap are
// neighbours here, so a program that walks through its heap costs the collector few cache misses.
//
// A page has one bit for each multiple of 8, and an array that holds a slot for each set bit, in the order of the
// addresses; so a slot needs no address. A slot whose block is gone stays in its place, since the next block often has
// the same address: in a steady heap an event touches the page and one slot, both known early enough to be fetched
// ahead. Arrays come from an arena in a few sizes and are reused by size.
//
// The 32 pages of 16 KiB of addresses lie in a row and stay where they are. They are found by a table of such groups,
// so small that it is in the cache and that making it anew is cheap.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
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
  static constexpr std::size_t kBytes = 8192;  ///< of a chunk

  /// So that the blocks of a site can be counted in 32 bits: there are no more slots than this.
  static constexpr std::size_t kMostSlots = std::size_t{3} << 30;

  /// A chunk of zeros that lives as long as this. Throws std::bad_alloc.
  void* take();

 private:
  // Spans double from 128 KiB to the size of a huge page.
  static constexpr std::size_t kFirstSpan = 16;
  static constexpr std::size_t kLastSpan = 256;

  std::mutex mutex_;
  std::vector<ZeroedArray<std::byte>> spans_;
  std::size_t span_chunks_ = kFirstSpan;  ///< of the next span
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;   ///< chunks from next_ on
  std::size_t taken_ = 0;  ///< chunks
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

  std::size_t bytes() const { return chunk_count_ * ArenaChunks::kBytes; }

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

  LiveSlot* slots;
  std::uint64_t taken;       ///< by granule: has a slot
  std::uint64_t live;        ///< by granule: has a slot with a block; part of `taken`
  std::uint64_t size_class;  ///< of `slots`

  static std::uint64_t number_of(std::uint64_t address) { return address >> kShift; }
  static std::uint64_t start_of(std::uint64_t number) { return number << kShift; }
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

  unsigned capacity() const { return SlotArena::kCapacities[size_class]; }

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

/// The pages of one shard, in groups: open addressing with linear probing. A group stays when its last block goes,
/// since the next one often comes soon; groups that are empty when the table is full are thrown out.
class LivePages {
 public:
  /// Upper bits of the hash that say which shard it is.
  static constexpr unsigned kShardBits = 2;
  /// Pages of a group.
  static constexpr std::uint64_t kGroup = 32;

  /// Throws std::bad_alloc.
  explicit LivePages(ArenaChunks& chunks) : chunks_(chunks), arena_(chunks) { start_anew(0); }

  /// What the hash is made of that find() and find_or_add() take.
  static std::uint64_t group_of(std::uint64_t page_number) { return page_number / kGroup; }

  /// Null: there is none.
  LivePage* find(std::uint64_t hash, std::uint64_t page_number) const {
    const std::uint64_t number = group_of(page_number);
    for (std::size_t at = home(hash);; at = after(at)) {
      const Group& group = table_[at];
      if (group.pages == nullptr) return nullptr;
      if (group.number == number) return &group.pages[page_number % kGroup];
    }
  }
  /// The page, a new one if need be. `rehash` maps a group to its hash.
  template <typename Rehash>
  LivePage& find_or_add(std::uint64_t hash, std::uint64_t page_number, const Rehash& rehash) {
    if (LivePage* const page = find(hash, page_number)) return *page;
    if (count_ >= table_.size() / 2) rebuild(rehash);
    LivePage* const pages = take_pages();
    ++count_;
    vacancy(hash) = {group_of(page_number), pages};
    return pages[page_number % kGroup];
  }
  SlotArena& arena() { return arena_; }
  /// Rises whenever pages that were found before are no longer valid.
  std::uint32_t rebuilds() const { return rebuilds_; }

  /// Calls visit(number, page) for all pages, in no order; those without a block have no live bits.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Group& group : table_) {
      if (group.pages == nullptr) continue;
      for (std::uint64_t i = 0; i < kGroup; ++i) visit(group.number * kGroup + i, group.pages[i]);
    }
  }

  std::size_t bytes() const { return table_.bytes() + chunk_count_ * ArenaChunks::kBytes + arena_.bytes(); }

 private:
  struct Group {
    std::uint64_t number;
    LivePage* pages;  ///< null: no group
  };
  static constexpr std::size_t kFirstCapacity = 256;

  /// The table's size is a power of two; the hash's top bits chose the shard.
  std::size_t home(std::uint64_t hash) const { return (hash << kShardBits) >> shift_; }
  std::size_t after(std::size_t at) const { return (at + 1) & (table_.size() - 1); }
  Group& vacancy(std::uint64_t hash) {
    std::size_t at = home(hash);
    while (table_[at].pages != nullptr) at = after(at);
    return table_[at];
  }
  /// Begins a table that is a quarter full at most with `groups`; returns the old one.
  ZeroedArray<Group> start_anew(std::size_t groups);
  /// The pages of a group, all zero.
  LivePage* take_pages();
  /// True: the group had no block, and its pages and slots are given back.
  bool release_if_empty(Group& group);

  /// Leaves out the groups that are empty.
  template <typename Rehash>
  void rebuild(const Rehash& rehash) {
    count_ -= static_cast<std::size_t>(std::count_if(
        table_.begin(), table_.end(), [&](Group& group) { return group.pages != nullptr && release_if_empty(group); }));
    const ZeroedArray<Group> old = start_anew(count_);
    for (const Group& group : old) {
      if (group.pages != nullptr) vacancy(rehash(group.number)) = group;
    }
  }

  ArenaChunks& chunks_;
  ZeroedArray<Group> table_;
  unsigned shift_ = 0;
  std::size_t count_ = 0;
  std::uint32_t rebuilds_ = 0;
  LivePage* next_pages_ = nullptr;  ///< unused part of the last chunk
  std::size_t pages_left_ = 0;
  std::size_t chunk_count_ = 0;
  std::vector<LivePage*> released_;  ///< groups of pages, all zero
  SlotArena arena_;
};

}  // namespace memprof::collect
