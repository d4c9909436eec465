#include "collect/live_pages.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <span>
#include <utility>

namespace memprof::collect {

#if defined(__x86_64__)
const bool kHasPopcnt = [] {
  __builtin_cpu_init();
  return __builtin_cpu_supports("popcnt") != 0;
}();
#endif

void* ArenaChunks::take() {
  const std::lock_guard guard(mutex_);
  if ((taken_ + 1) * kBytes > kMostSlots * sizeof(LiveSlot)) throw std::bad_alloc();
  if (left_ == 0) {
    const bool much = taken_ * kBytes >= ZeroedArray<std::byte>::kWorthHugePages;
    next_ = spans_.emplace_back(span_chunks_ * kBytes, much).data();
    left_ = span_chunks_;
    span_chunks_ = std::min(span_chunks_ * 2, kLastSpan);
  }
  --left_;
  ++taken_;
  return std::exchange(next_, next_ + kBytes);
}

LiveSlot* SlotArena::allocate(unsigned size_class) {
  if (LiveSlot* const array = released_[size_class]) {
    Released first;
    std::memcpy(&first, array, sizeof(first));
    released_[size_class] = first.next;
    return array;
  }
  const std::size_t wanted = kCapacities[size_class];
  if (left_ < wanted) {
    auto* const chunk = static_cast<LiveSlot*>(chunks_.take());
    // What is left of the old chunk becomes arrays of the sizes that fit.
    for (unsigned i = size_class; --i > 0;) {
      for (; left_ >= kCapacities[i]; left_ -= kCapacities[i], next_ += kCapacities[i]) release(next_, i);
    }
    next_ = chunk;
    left_ = ArenaChunks::kBytes / sizeof(LiveSlot);
    ++chunk_count_;
  }
  left_ -= wanted;
  return std::exchange(next_, next_ + wanted);
}

void SlotArena::release(LiveSlot* array, unsigned size_class) {
  const Released first{released_[size_class]};
  std::memcpy(static_cast<void*>(array), &first, sizeof(first));
  released_[size_class] = array;
}

void LivePage::make_slot(std::uint64_t bit, SlotArena& arena) {
  unsigned used = count(taken);
  if (used == capacity()) {
    // Only when a good part is gained: compacting costs as much as enlarging.
    if (count(live) + std::max(1u, used / 4) <= used) {
      compact();
      used = count(taken);
    } else {
      enlarge(arena);
    }
  }
  LiveSlot* const place = &slot(bit);
  LiveSlot* const end = slots + used;
  if (place != end) std::copy_backward(place, end, end + 1);
  taken |= bit;
}

void LivePage::compact() {
  LiveSlot* to = slots;
  const LiveSlot* from = slots;
  for (std::uint64_t left = taken; left != 0; left &= left - 1, ++from) {
    if ((live & left & -left) != 0) *to++ = *from;
  }
  taken = live;
}

void LivePage::enlarge(SlotArena& arena) {
  LiveSlot* const larger = arena.allocate(static_cast<unsigned>(size_class + 1));
  if (slots != nullptr) {
    std::copy_n(slots, count(taken), larger);
    arena.release(slots, static_cast<unsigned>(size_class));
  }
  slots = larger;
  ++size_class;
}

ZeroedArray<LivePages::Group> LivePages::start_anew(std::size_t groups) {
  ZeroedArray<Group> table(std::max(kFirstCapacity, std::bit_ceil(groups * 4)));
  shift_ = static_cast<unsigned>(64 - std::countr_zero(table.size()));
  ++rebuilds_;
  table_.swap(table);
  return table;
}

LivePage* LivePages::take_pages() {
  if (!released_.empty()) {
    LivePage* const pages = released_.back();
    released_.pop_back();
    return pages;
  }
  if (pages_left_ == 0) {
    next_pages_ = static_cast<LivePage*>(chunks_.take());
    pages_left_ = ArenaChunks::kBytes / sizeof(LivePage);
    ++chunk_count_;
  }
  pages_left_ -= kGroup;
  return std::exchange(next_pages_, next_pages_ + kGroup);
}

bool LivePages::release_if_empty(Group& group) {
  const std::span pages(group.pages, kGroup);
  if (std::any_of(pages.begin(), pages.end(), [](const LivePage& page) { return page.live != 0; })) return false;
  for (LivePage& page : pages) {
    if (page.slots != nullptr) arena_.release(page.slots, static_cast<unsigned>(page.size_class));
    page = {};
  }
  released_.push_back(std::exchange(group.pages, nullptr));
  return true;
}

}  // namespace memprof::collect
