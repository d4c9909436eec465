#include "collect/live_set.hpp"

#include <algorithm>
#include <random>

namespace memprof::collect {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kFirstCapacity = 64;
/// Below this, doubling wastes little and saves rounds of growing.
constexpr std::uint64_t kDoubleBelow = 2048;
/// Slots beyond the last home. A cluster that would not fit makes the shard grow.
constexpr std::uint64_t kSpill = 128;
/// How many events ahead slots are fetched. A miss takes about as long as this many hits.
constexpr std::size_t kAhead = 16;

}  // namespace

LiveSet::LiveSet() {
  std::random_device random;
  seed_ = static_cast<std::uint64_t>(random()) << 32 | random();
}

std::uint64_t LiveSet::hash(std::uint64_t address) const {
  std::uint64_t value = (address ^ seed_) * 0x9e37'79b9'7f4a'7c15u;  // 2^64 / golden ratio
  value ^= value >> 32;
  return value * 0xd6e8'feb8'6659'fd93u;  // an odd constant with good avalanche (Pelle Evensen's rrmxmx notes)
}

std::size_t LiveSet::home(std::uint64_t hash, std::uint64_t capacity) {
  // The top six bits chose the shard.
  return static_cast<std::size_t>(static_cast<Wide>(hash << 6) * capacity >> 64);
}

Block LiveSet::unpack(const Slot& slot, const Shard& shard) {
  Block block;
  block.size = slot.low_size != kBigSize ? slot.low_size : shard.big_sizes.at(slot.address);
  block.birth = slot.birth_and_thread >> 20 << kBirthShift;
  block.site = slot.site;
  block.thread = static_cast<std::uint32_t>(slot.birth_and_thread & (kMaxThreads - 1));
  return block;
}

void LiveSet::pack(Slot& slot, const Block& block, Shard& shard) {
  constexpr std::uint64_t kLastBirth = (std::uint64_t{1} << 44) - 1;
  slot.low_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(block.size, kBigSize));
  if (slot.low_size == kBigSize) shard.big_sizes[slot.address] = block.size;
  slot.site = block.site;
  slot.birth_and_thread = std::min(block.birth >> kBirthShift, kLastBirth) << 20 | block.thread;
}

void LiveSet::resolve(std::span<Event> events, Relocations& relocations, unsigned part, unsigned parts) {
  std::array<std::uint64_t, kAhead> hashes{};
  const auto look_ahead = [&](std::size_t index) {
    const std::uint64_t value = hash(events[index].address);
    hashes[index % kAhead] = value;
    const Shard& shard = shards_[shard_index(value)];
    if (shard.capacity != 0) __builtin_prefetch(shard.slots.data() + home(value, shard.capacity), 1);
  };
  const std::size_t size = events.size();
  for (std::size_t i = 0; i < std::min(kAhead, size); ++i) look_ahead(i);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t value = hashes[i % kAhead];
    if (i + kAhead < size) look_ahead(i + kAhead);
    if (parts == 1 || shard_index(value) % parts == part) resolve_one(events[i], value, relocations);
  }
}

void LiveSet::resolve_one(Event& event, std::uint64_t hash, Relocations& relocations) {
  using wire::Operation;
  switch (event.operation) {
    case Operation::kAlloc:
    case Operation::kReallocEnd:
      if (event.address == 0) return;  // realloc(p, 0)
      event.found = insert(hash, event.address, {event.size, event.ticks, event.site, event.thread}, event.block);
      return;
    case Operation::kFree:
      event.found = remove(hash, event.address, event.block);
      return;
    case Operation::kReallocBegin: {
      Relocations::Relocation& relocation = relocations[event.relocation];
      relocation.found = remove(hash, event.address, relocation.block);
      return;
    }
    case Operation::kReallocFail:
      if (event.relocation != kNoRelocation && relocations[event.relocation].found) {
        event.found = insert(hash, event.address, relocations[event.relocation].block, event.block);
      }
      return;
    default:
      return;
  }
}

bool LiveSet::insert(std::uint64_t hash, std::uint64_t address, const Block& block, Block& replaced) {
  Shard& shard = shards_[shard_index(hash)];
  if (shard.count >= shard.limit) grow(shard);
  for (;;) {
    Slot* slot = shard.slots.data() + home(hash, shard.capacity);
    while (slot->address != 0 && slot->address != address) ++slot;
    if (slot->address == address) {
      replaced = unpack(*slot, shard);
      if (slot->low_size == kBigSize) shard.big_sizes.erase(address);
      pack(*slot, block, shard);
      return true;
    }
    if (slot != shard.slots.data() + shard.slots.size() - 1) {
      slot->address = address;
      pack(*slot, block, shard);
      ++shard.count;
      return false;
    }
    grow(shard);  // the last slot ends every search, so it stays empty
  }
}

bool LiveSet::remove(std::uint64_t hash, std::uint64_t address, Block& removed) {
  Shard& shard = shards_[shard_index(hash)];
  if (shard.count == 0) return false;
  Slot* slot = shard.slots.data() + home(hash, shard.capacity);
  while (slot->address != address) {
    if (slot->address == 0) return false;
    ++slot;
  }
  removed = unpack(*slot, shard);
  if (slot->low_size == kBigSize) shard.big_sizes.erase(address);
  close_hole(shard, static_cast<std::size_t>(slot - shard.slots.data()));
  --shard.count;
  return true;
}

void LiveSet::close_hole(Shard& shard, std::size_t hole) {
  Slot* slots = shard.slots.data();
  for (std::size_t next = hole + 1; slots[next].address != 0; ++next) {
    if (home(hash(slots[next].address), shard.capacity) <= hole) {
      slots[hole] = slots[next];
      hole = next;
    }
  }
  slots[hole].address = 0;
}

void LiveSet::grow(Shard& shard) {
  std::uint64_t capacity =
      std::max(kFirstCapacity, shard.capacity < kDoubleBelow ? shard.capacity * 2 : shard.capacity / 10 * 13);
  for (;; capacity += capacity / 4) {
    ZeroedArray<Slot> slots(capacity + kSpill);
    const Slot* last = slots.data() + slots.size() - 1;
    bool fits = true;
    for (std::size_t i = 0; i < shard.slots.size() && fits; ++i) {
      if (shard.slots[i].address == 0) continue;
      Slot* slot = slots.data() + home(hash(shard.slots[i].address), capacity);
      while (slot->address != 0) ++slot;
      fits = slot != last;
      *slot = shard.slots[i];
    }
    if (!fits) continue;
    shard.slots = std::move(slots);
    shard.capacity = capacity;
    shard.limit = capacity / 5 * 4;
    return;
  }
}

std::size_t LiveSet::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.count;
  return sum;
}

std::size_t LiveSet::bytes() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.slots.bytes();
  return sum;
}

}  // namespace memprof::collect
