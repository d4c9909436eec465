#include "collect/live_set.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <random>
#include <utility>

namespace memprof::collect {
namespace {

/// How many events ahead the page, and then its slot, are fetched. A miss takes about as long as this many hits.
constexpr std::size_t kPageAhead = 64;
constexpr std::size_t kSlotAhead = 32;
static_assert(std::size_t{1} << LivePage::kShift == 64 * LivePage::kGranule);

std::uint64_t random_seed() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

constexpr std::uint64_t kLastBirth = (std::uint64_t{1} << 44) - 1;

/// As if it had gone through a slot.
std::uint64_t kept_birth(std::uint64_t birth) { return std::min(birth >> LiveSet::kBirthShift, kLastBirth); }

LiveSlot slot_of(std::uint64_t low_size, std::uint64_t birth, std::uint32_t site, std::uint32_t thread) {
  return {low_size | static_cast<std::uint64_t>(site) << 32, kept_birth(birth) << LiveSet::kThreadBits | thread};
}

Block block_of(const LiveSlot& slot) {
  return {slot.low_size(), slot.birth_and_thread >> LiveSet::kThreadBits << LiveSet::kBirthShift, slot.site(),
          static_cast<std::uint32_t>(slot.birth_and_thread & (LiveSet::kMaxThreads - 1))};
}

}  // namespace

LiveSet::LiveSet() : hash_{random_seed()} {
  shards_.reserve(kShards);
  for (unsigned i = 0; i < kShards; ++i) shards_.emplace_back(chunks_);
}

void LiveSet::resolve(std::span<Event> events, Relocations& relocations, unsigned part, unsigned parts) {
  if (parts == 1) {
    resolve_if(events, relocations, [](std::uint64_t) { return true; });
  } else {
    // The other shards may be at work: not even a look ahead into their tables is safe.
    resolve_if(events, relocations, [&](std::uint64_t hash) { return shard_index(hash) % parts == part; });
  }
}

/// An allocation or a free in a page that it finds as it should; false: it is another case, and nothing was done.
[[gnu::always_inline]] inline bool LiveSet::resolve_usual(Event& event, LivePage& page, Shard& shard) {
  using wire::Operation;
  const bool allocates = event.operation == Operation::kAlloc;
  const std::uint64_t bit = LivePage::bit_of(event.address);
  const bool live = page.holds(bit);
  if ((!allocates && event.operation != Operation::kFree) || live == allocates ||
      event.address % LivePage::kGranule != 0 || event.unrecorded || event.size >= kBigSize) {
    return false;
  }
  if (!page.has_slot(bit)) page.make_slot(bit, shard.pages.arena());
  LiveSlot& slot = page.slot(bit);
  const LiveSlot before = slot;
  if (before.low_size() == kBigSize) return false;
  // One way for both, since nobody can foretell which it is: a free puts back what was in the slot.
  const LiveSlot born = slot_of(event.size, event.ticks, event.site, event.thread);
  const std::uint64_t mask = allocates ? ~std::uint64_t{0} : 0;
  slot.size_and_site = before.size_and_site ^ ((before.size_and_site ^ born.size_and_site) & mask);
  slot.birth_and_thread = before.birth_and_thread ^ ((before.birth_and_thread ^ born.birth_and_thread) & mask);
  page.turn(bit);
  event.found = live;
  event.block = block_of(before);
  return true;
}

template <typename IsOurs>
void LiveSet::resolve_if(std::span<Event> events, Relocations& relocations, const IsOurs& is_ours) {
  struct Ahead {
    std::uint64_t hash;
    LivePage* page;  ///< null: none, or not known
  };
  std::array<Ahead, kPageAhead> ahead;
  const auto fetch_page = [&](std::size_t index) {
    const std::uint64_t number = LivePage::number_of(events[index].address);
    const std::uint64_t hash = hash_(LivePages::group_of(number));
    LivePage* const page = is_ours(hash) ? shards_[shard_index(hash)].pages.find(hash, number) : nullptr;
    ahead[index % kPageAhead] = {hash, page};
    __builtin_prefetch(page, 1);
  };
  // Without the attribute GCC takes it for a function without effect, and leaves it out.
  const auto fetch_slot = [&](std::size_t index) __attribute__((always_inline)) {
    const LivePage* const page = ahead[index % kPageAhead].page;
    if (page != nullptr) __builtin_prefetch(&page->slot(LivePage::bit_of(events[index].address)), 1);
  };
  const std::size_t size = events.size();
  for (std::size_t i = 0; i < std::min(kPageAhead, size); ++i) fetch_page(i);
  for (std::size_t i = 0; i < std::min(kSlotAhead, size); ++i) fetch_slot(i);
  for (std::size_t i = 0; i < size; ++i) {
    const auto [hash, page] = ahead[i % kPageAhead];
    if (i + kPageAhead < size) fetch_page(i + kPageAhead);
    if (i + kSlotAhead < size) fetch_slot(i + kSlotAhead);
    if (page != nullptr && resolve_usual(events[i], *page, shards_[shard_index(hash)])) continue;
    if (!is_ours(hash)) continue;
    const LivePages& pages = shards_[shard_index(hash)].pages;
    const std::uint32_t rebuilds = pages.rebuilds();
    resolve_one(events[i], hash, relocations);
    if (pages.rebuilds() != rebuilds) {
      for (Ahead& later : ahead) later.page = nullptr;
    }
  }
}

void LiveSet::resolve_one(Event& event, std::uint64_t hash, Relocations& relocations) {
  using wire::Operation;
  switch (event.operation) {
    case Operation::kAlloc:
    case Operation::kReallocEnd:
      if (event.address == 0) return;  // realloc(p, 0)
      event.found =
          insert(hash, event.address,
                 {event.size, event.ticks, event.unrecorded ? kUnrecordedSite : event.site, event.thread}, event.block);
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
  if (address % LivePage::kGranule != 0) return insert_misaligned(shard, address, block, replaced);
  LivePage& page = shard.pages.find_or_add(hash, LivePage::number_of(address), hash_);
  const std::uint64_t bit = LivePage::bit_of(address);
  if (page.holds(bit)) {
    LiveSlot& slot = page.slot(bit);
    replaced = take(slot, address, shard);
    fill(slot, address, block, shard);
    return true;
  }
  fill(page.add(bit, shard.pages.arena()), address, block, shard);
  return false;
}

bool LiveSet::remove(std::uint64_t hash, std::uint64_t address, Block& removed) {
  Shard& shard = shards_[shard_index(hash)];
  if (address % LivePage::kGranule != 0) return remove_misaligned(shard, address, removed);
  LivePage* const page = shard.pages.find(hash, LivePage::number_of(address));
  const std::uint64_t bit = LivePage::bit_of(address);
  if (page == nullptr || !page->holds(bit)) return false;
  removed = take(page->slot(bit), address, shard);
  page->turn(bit);
  return true;
}

bool LiveSet::insert_misaligned(Shard& shard, std::uint64_t address, const Block& block, Block& replaced) {
  Block kept = block;
  kept.birth = kept_birth(block.birth) << kBirthShift;
  if (shard.misaligned.size() >= kMostMisaligned) throw std::bad_alloc();
  const auto [entry, added] = shard.misaligned.try_emplace(address, kept);
  if (added) return false;
  replaced = std::exchange(entry->second, kept);
  return true;
}

bool LiveSet::remove_misaligned(Shard& shard, std::uint64_t address, Block& removed) {
  const auto entry = shard.misaligned.find(address);
  if (entry == shard.misaligned.end()) return false;
  removed = entry->second;
  shard.misaligned.erase(entry);
  return true;
}

Block LiveSet::take(const LiveSlot& slot, std::uint64_t address, Shard& shard) {
  const Block block = read(slot, address, shard);
  if (slot.low_size() == kBigSize) shard.big_sizes.erase(address);
  return block;
}

Block LiveSet::read(const LiveSlot& slot, std::uint64_t address, const Shard& shard) {
  Block block = block_of(slot);
  if (slot.low_size() == kBigSize) block.size = shard.big_sizes.at(address);
  return block;
}

void LiveSet::fill(LiveSlot& slot, std::uint64_t address, const Block& block, Shard& shard) {
  slot = slot_of(std::min<std::uint64_t>(block.size, kBigSize), block.birth, block.site, block.thread);
  if (slot.low_size() == kBigSize) shard.big_sizes[address] = block.size;
}

std::optional<LiveSet::Found> LiveSet::last_in_page(std::uint64_t number, std::uint64_t address) const {
  const std::uint64_t hash = hash_(LivePages::group_of(number));
  const Shard& shard = shards_[shard_index(hash)];
  const LivePage* const page = shard.pages.find(hash, number);
  if (page == nullptr) return std::nullopt;
  std::uint64_t below = page->live;
  if (number == LivePage::number_of(address)) {
    const std::uint64_t bit = LivePage::bit_of(address);
    below &= bit | (bit - 1);
  }
  if (below == 0) return std::nullopt;
  const auto granule = static_cast<std::uint64_t>(63 - std::countl_zero(below));
  const std::uint64_t start = LivePage::start_of(number) + granule * LivePage::kGranule;
  return Found{start, read(page->slot(std::uint64_t{1} << granule), start, shard)};
}

std::optional<LiveSet::Found> LiveSet::last_of_all(std::uint64_t address) const {
  std::optional<std::uint64_t> highest;
  for (const Shard& shard : shards_) {
    shard.pages.for_each([&](std::uint64_t number, const LivePage& page) {
      if (page.live != 0 && number <= LivePage::number_of(address)) highest = std::max(highest.value_or(0), number);
    });
  }
  return highest ? last_in_page(*highest, address) : std::nullopt;
}

std::optional<LiveSet::Found> LiveSet::containing(std::uint64_t address) const {
  constexpr std::uint64_t kPagesNearby = 256;
  const std::uint64_t number = LivePage::number_of(address);
  std::optional<Found> found;
  for (std::uint64_t back = 0; !found && back < std::min(kPagesNearby, number + 1); ++back) {
    found = last_in_page(number - back, address);
  }
  if (!found) found = last_of_all(address);
  // A block without bytes has at least its address.
  if (!found || address - found->address >= std::max<std::uint64_t>(found->block.size, 1)) return std::nullopt;
  return found;
}

std::size_t LiveSet::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    sum += shard.misaligned.size();
    shard.pages.for_each([&](std::uint64_t, const LivePage& page) { sum += LivePage::count(page.live); });
  }
  return sum;
}

std::size_t LiveSet::bytes() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.pages.bytes();
  return sum;
}

}  // namespace memprof::collect
