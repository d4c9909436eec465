#include "collect/live_set.hpp"

#include <algorithm>
#include <random>

namespace memprof::collect {
namespace {

/// How many events ahead tags are fetched, and then slots. A miss takes about as long as this many hits.
constexpr std::size_t kTagsAhead = 24;
constexpr std::size_t kSlotAhead = 10;
/// Hashes that were computed ahead; a power of two above kTagsAhead.
constexpr std::size_t kWindow = 32;

}  // namespace

LiveSet::LiveSet() {
  std::random_device random;
  seed_ = static_cast<std::uint64_t>(random()) << 32 | random();
  for (LiveTable& shard : shards_) shard.set_seed(seed_);
}

void LiveSet::resolve(std::span<Event> events, Relocations& relocations, unsigned part, unsigned parts) {
  std::array<std::uint64_t, kWindow> hashes{};
  const std::size_t size = events.size();
  const auto is_ours = [&](std::uint64_t hash) { return parts == 1 || shard_of(hash) % parts == part; };
  // Three events at once, each at its own stage.
  for (std::size_t i = 0; i < size + kTagsAhead; ++i) {
    if (i < size) {
      const std::uint64_t hash = hashes[i % kWindow] = hash_address(events[i].address, seed_);
      if (is_ours(hash)) shards_[shard_of(hash)].prefetch_tags(hash);
    }
    constexpr std::size_t kBehind = kTagsAhead - kSlotAhead;
    if (i >= kBehind && i - kBehind < size) {
      const std::uint64_t hash = hashes[(i - kBehind) % kWindow];
      if (is_ours(hash)) shards_[shard_of(hash)].prefetch_slot(hash);
    }
    if (i >= kTagsAhead) {
      const std::uint64_t hash = hashes[(i - kTagsAhead) % kWindow];
      if (is_ours(hash)) resolve_one(events[i - kTagsAhead], hash, relocations);
    }
  }
}

void LiveSet::resolve_one(Event& event, std::uint64_t hash, Relocations& relocations) {
  using wire::Operation;
  LiveTable& shard = shards_[shard_of(hash)];
  switch (event.operation) {
    case Operation::kAlloc:
    case Operation::kReallocEnd:
      if (event.address == 0) return;  // realloc(p, 0)
      event.found = shard.insert(hash, event.address, {event.size, event.ticks, event.site, event.thread}, event.block);
      return;
    case Operation::kFree:
      event.found = shard.remove(hash, event.address, event.block);
      return;
    case Operation::kReallocBegin: {
      Relocations::Relocation& relocation = relocations[event.relocation];
      relocation.found = shard.remove(hash, event.address, relocation.block);
      return;
    }
    case Operation::kReallocFail:
      if (event.relocation != kNoRelocation && relocations[event.relocation].found) {
        event.found = shard.insert(hash, event.address, relocations[event.relocation].block, event.block);
      }
      return;
    default:
      return;
  }
}

std::size_t LiveSet::size() const {
  std::size_t sum = 0;
  for (const LiveTable& shard : shards_) sum += shard.size();
  return sum;
}

std::size_t LiveSet::bytes() const {
  std::size_t sum = 0;
  for (const LiveTable& shard : shards_) sum += shard.bytes();
  return sum;
}

}  // namespace memprof::collect
