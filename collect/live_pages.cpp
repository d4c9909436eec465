#include "collect/live_pages.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace memprof::collect {

#if defined(__x86_64__)
const bool kHasPopcnt = [] {
  __builtin_cpu_init();
  return __builtin_cpu_supports("popcnt") != 0;
}();
#endif

LiveSlot* ArenaChunks::take() {
  const std::lock_guard guard(mutex_);
  if (slots_ + kSlots > kMostSlots) throw std::bad_alloc();
  if (left_ == 0) {
    next_ = spans_.emplace_back(span_chunks_ * kSlots).data();
    left_ = span_chunks_;
    span_chunks_ = std::min(span_chunks_ * 2, kLastSpan);
  }
  --left_;
  slots_ += kSlots;
  return std::exchange(next_, next_ + kSlots);
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
    LiveSlot* const chunk = chunks_.take();
    // What is left of the old chunk becomes arrays of the sizes that fit.
    for (unsigned i = size_class; --i > 0;) {
      for (; left_ >= kCapacities[i]; left_ -= kCapacities[i], next_ += kCapacities[i]) release(next_, i);
    }
    next_ = chunk;
    left_ = ArenaChunks::kSlots;
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
  LiveSlot* const larger = arena.allocate(size_class() + 1);
  if (slots != nullptr) {
    std::copy_n(slots, count(taken), larger);
    arena.release(slots, size_class());
  }
  slots = larger;
  ++key_and_class;
}

ZeroedArray<LivePage> LivePages::start_anew() {
  const auto in_use =
      static_cast<std::size_t>(std::count_if(begin(), end(), [](const LivePage& page) { return page.live != 0; }));
  // Between 40 and 55 % full: homes in a row make long runs, so searches would soon get long, too.
  const std::size_t capacity = std::max(kFirstCapacity, (in_use * 5 / 2 / kGroup + 1) * kGroup);
  ZeroedArray<LivePage> table(capacity + 1);
  table[capacity].key_and_class = kEnd;
  table_.swap(table);
  capacity_ = capacity;
  ++rebuilds_;
  count_ = 0;
  limit_ = capacity * 11 / 20;
  return table;
}

}  // namespace memprof::collect
