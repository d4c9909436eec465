#include "collect/live_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace memprof::collect {
namespace {

constexpr std::uint64_t kEachByte = 0x0101'0101'0101'0101u;
constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080u;
/// The last two bytes of the second word are no tags.
constexpr std::uint64_t kSecondWord = 0x0000'ffff'ffff'ffffu;

/// Doubling costs little below this, and saves rounds of growing.
constexpr std::size_t kDoubleBelow = 64;

struct Words {
  std::uint64_t low, high;
};

Words load_words(const std::uint8_t* tags) {
  Words words;
  std::memcpy(&words, tags, sizeof(words));
  if constexpr (std::endian::native == std::endian::big) {
    words = {__builtin_bswap64(words.low), __builtin_bswap64(words.high)};
  }
  return words;
}

/// Marks the bytes that are zero; may also mark a byte above one that is. A search compares addresses anyway.
std::uint64_t zero_bytes(std::uint64_t word) { return (word - kEachByte) & ~word & kHighBits; }

}  // namespace

unsigned LiveTable::TagMask::first() const {
  return static_cast<unsigned>(low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high)) / 8;
}

void LiveTable::TagMask::drop_first() { (low != 0 ? low : high) &= (low != 0 ? low : high) - 1; }

LiveTable::TagMask LiveTable::matching(const Chunk& chunk, std::uint8_t tag) {
  const Words words = load_words(chunk.tags);
  return {zero_bytes(words.low ^ tag * kEachByte), zero_bytes(words.high ^ tag * kEachByte) & kSecondWord};
}

LiveTable::TagMask LiveTable::empty(const Chunk& chunk) {
  const Words words = load_words(chunk.tags);
  return {~words.low & kHighBits, ~words.high & kHighBits & kSecondWord};
}

void LiveTable::prefetch_slot(std::uint64_t hash) const {
  if (chunk_count_ == 0) return;
  const Chunk& chunk = chunks()[home(hash)];
  TagMask likely = matching(chunk, tag_of(hash));
  if (!likely.any()) likely = empty(chunk);
  if (likely.any()) __builtin_prefetch(&chunk.slots[likely.first()], 1);
}

LiveTable::Place LiveTable::find(std::uint64_t hash, std::uint64_t address) const {
  if (count_ == 0) return {};
  std::size_t index = home(hash);
  for (std::size_t looked = 0; looked < chunk_count_; ++looked, index = next(index)) {
    Chunk& chunk = chunks()[index];
    for (TagMask mask = matching(chunk, tag_of(hash)); mask.any(); mask.drop_first()) {
      const unsigned slot = mask.first();
      if (chunk.slots[slot].address == address && chunk.tags[slot] == tag_of(hash)) return {&chunk, slot};
    }
    if (chunk.overflow == 0) return {};
  }
  return {};
}

LiveTable::Slot& LiveTable::add(std::uint64_t hash) {
  std::size_t index = home(hash);
  TagMask mask = empty(chunks()[index]);
  for (; !mask.any(); mask = empty(chunks()[index])) {
    std::uint8_t& overflow = chunks()[index].overflow;
    if (overflow != kStuck) ++overflow;
    index = next(index);
  }
  Chunk& chunk = chunks()[index];
  chunk.tags[mask.first()] = tag_of(hash);
  return chunk.slots[mask.first()];
}

bool LiveTable::insert(std::uint64_t hash, std::uint64_t address, const Block& block, Block& replaced) {
  if (const Place place = find(hash, address); place.chunk != nullptr) {
    Slot& slot = place.chunk->slots[place.slot];
    replaced = unpack(slot);
    if (slot.low_size == kBigSize) big_sizes_.erase(address);
    pack(slot, block);
    return true;
  }
  if (count_ >= limit_) grow();
  Slot& slot = add(hash);
  slot.address = address;
  pack(slot, block);
  ++count_;
  return false;
}

bool LiveTable::remove(std::uint64_t hash, std::uint64_t address, Block& removed) {
  const Place place = find(hash, address);
  if (place.chunk == nullptr) return false;
  const Slot& slot = place.chunk->slots[place.slot];
  removed = unpack(slot);
  if (slot.low_size == kBigSize) big_sizes_.erase(address);
  place.chunk->tags[place.slot] = 0;
  for (std::size_t index = home(hash); chunks() + index != place.chunk; index = next(index)) {
    std::uint8_t& overflow = chunks()[index].overflow;
    if (overflow != kStuck) --overflow;
  }
  --count_;
  return true;
}

void LiveTable::grow() {
  const std::size_t old_count = chunk_count_;
  const std::size_t new_count =
      std::max<std::size_t>(1, old_count < kDoubleBelow ? old_count * 2 : old_count / 4 * 5);
  pages_.grow(new_count * sizeof(Chunk));
  chunk_count_ = pages_.bytes() >= GrowablePages::kHugeFrom ? pages_.bytes() / sizeof(Chunk) : new_count;
  limit_ = chunk_count_ * kSlots * 82 / 100;
  spread(old_count);
}

void LiveTable::spread(std::size_t old_count) {
  // What belongs to a chunk that is yet to be emptied waits here: blocks that had overflowed, near the beginning.
  std::vector<Slot> waiting;
  for (std::size_t index = old_count; index-- > 0;) {
    const Chunk old = chunks()[index];
    std::memset(static_cast<void*>(&chunks()[index]), 0, offsetof(Chunk, slots));
    for (unsigned i = 0; i < kSlots; ++i) {
      if (old.tags[i] == 0) continue;
      const std::uint64_t hash = hash_address(old.slots[i].address, seed_);
      std::size_t place = home(hash);
      // Only chunks from here to the end are in the new order; the search must stay among them.
      std::size_t last = place;
      while (place >= index && last < chunk_count_ && !empty(chunks()[last]).any()) ++last;
      if (place < index || last == chunk_count_) {
        waiting.push_back(old.slots[i]);
      } else {
        add(hash) = old.slots[i];
      }
    }
  }
  for (const Slot& slot : waiting) add(hash_address(slot.address, seed_)) = slot;
}

Block LiveTable::unpack(const Slot& slot) const {
  Block block;
  block.size = slot.low_size != kBigSize ? slot.low_size : big_sizes_.at(slot.address);
  block.birth = slot.birth_and_thread >> kThreadBits << kBirthShift;
  block.site = slot.site;
  block.thread = static_cast<std::uint32_t>(slot.birth_and_thread & ((1u << kThreadBits) - 1));
  return block;
}

void LiveTable::pack(Slot& slot, const Block& block) {
  constexpr std::uint64_t kLastBirth = (std::uint64_t{1} << (64 - kThreadBits)) - 1;
  slot.low_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(block.size, kBigSize));
  if (slot.low_size == kBigSize) big_sizes_[slot.address] = block.size;
  slot.site = block.site;
  slot.birth_and_thread = std::min(block.birth >> kBirthShift, kLastBirth) << kThreadBits | block.thread;
}

}  // namespace memprof::collect
