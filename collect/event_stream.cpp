#include "collect/event_stream.hpp"

#include <algorithm>
#include <limits>

namespace memprof::collect {

EventStream::EventStream(const SharedRegion& region, RecordDecoder& decoder, RegionDamage& damage)
    : region_(region), decoder_(decoder), damage_(damage) {}

void EventStream::take_in_new_rings() {
  const std::uint32_t used =
      std::min(region_.header().rings_used.load(std::memory_order_acquire), region_.ring_count());
  for (auto ring = rings_used(); ring < used; ++ring) {
    cursors_.emplace_back(region_.ring(ring), region_.records(ring), region_.ring_records(), damage_);
  }
}

void EventStream::look() {
  take_in_new_rings();
  certain_ = most_certain_ = 0;
  for (RingCursor& cursor : cursors_) {
    cursor.restore_tail();
    const std::uint64_t certain = cursor.see_first_head();
    certain_ += certain;
    most_certain_ = std::max(most_certain_, certain);
  }
  if (certain_ == 0) return;
  // Rings that appear between the looks may hold what the first look's records depend on. All loads are acquire
  // loads, so the second look does not begin before the first one has ended.
  take_in_new_rings();
  for (RingCursor& cursor : cursors_) cursor.see_second_head();
  const std::uint32_t claimed = region_.header().nodes_used.load(std::memory_order_acquire);
  const std::uint32_t nodes = node_bound_.plausible(std::clamp(claimed, wire::kFirstNode, region_.node_capacity()));
  decoder_.set_node_limit(nodes);
  node_pages_.make_ahead(nodes);
}

std::uint64_t EventStream::prepare() {
  active_.clear();
  heap_.clear();
  if (certain_ == 0) return 0;
  for (std::uint32_t ring = 0; ring < cursors_.size(); ++ring) {
    if (!cursors_[ring].load(now_)) continue;
    active_.push_back(ring);
    heap_.push_back({cursors_[ring].ticks(), ring});
  }
  // A sorted array is a heap.
  std::sort(heap_.begin(), heap_.end(), [](const Next& a, const Next& b) { return a.before(b); });
  return certain_;
}

std::size_t EventStream::fill(std::span<Event> space) {
  std::size_t count = 0;
  while (certain_ != 0 && count < space.size()) {
    const std::uint32_t ring = heap_.front().ring;
    RingCursor& cursor = cursors_[ring];
    RecordDecoder::RingState& state = decoder_.state_of(ring);
    const std::uint64_t certain = cursor.certain();
    const std::uint64_t room = space.size() - count;
    // The last certain record of all ends the round.
    const std::uint64_t most = certain == certain_ ? std::min(certain, room) : room;
    Event* next = &space[count];
    const bool more =
        cursor.take_while_older(second_smallest(), most, now_, [&](const wire::Record& record, std::uint64_t ticks) {
          next += decoder_.decode(state, record, ticks, *next) ? 1 : 0;
        });
    count = static_cast<std::size_t>(next - space.data());
    certain_ -= certain - cursor.certain();
    if (more) {
      heap_.front().ticks = cursor.ticks();
    } else {
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    sift_down();
  }
  publish(certain_ == 0);
  return count;
}

std::uint64_t EventStream::second_smallest() const {
  std::uint64_t ticks = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 1; i < std::min<std::size_t>(heap_.size(), 3); ++i) ticks = std::min(ticks, heap_[i].ticks);
  return ticks;
}

void EventStream::sift_down() {
  std::size_t at = 0;
  for (;;) {
    std::size_t least = at;
    for (std::size_t child = 2 * at + 1; child < std::min(2 * at + 3, heap_.size()); ++child) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (least == at) return;
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

void EventStream::publish(bool wake) {
  for (const std::uint32_t ring : active_) cursors_[ring].publish(wake);
}

bool EventStream::urgent() const {
  return std::any_of(cursors_.begin(), cursors_.end(),
                     [](const RingCursor& cursor) { return cursor.producer_waits() && cursor.fill() != 0; });
}

std::uint64_t EventStream::ticks_until_due() const {
  std::uint64_t fill = 0;
  for (const RingCursor& cursor : cursors_) fill = std::max(fill, cursor.fill());
  return forecast_.ticks_until(region_.ring_records() / 8 * 3, fill);
}

void EventStream::discard() {
  take_in_new_rings();
  for (RingCursor& cursor : cursors_) cursor.discard();
}

void EventStream::wake_producers() {
  take_in_new_rings();
  for (RingCursor& cursor : cursors_) cursor.publish(true);
}

}  // namespace memprof::collect
