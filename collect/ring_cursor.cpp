#include "collect/ring_cursor.hpp"

#include <algorithm>

#include "collect/futex.hpp"
#include "collect/shared_region.hpp"

namespace memprof::collect {
RingCursor::RingCursor(wire::RingHeader& ring, const wire::Record* records, std::uint32_t record_count,
                       RegionDamage& damage)
    : ring_(&ring), records_(records), record_count_(record_count), damage_(&damage) {}

std::uint64_t RingCursor::see_first_head() {
  first_head_ = ring_->head.load(std::memory_order_acquire);  // pairs with the producer's release store
  if (first_head_ - tail_ > record_count_) {                  // a head behind the tail wraps around to a large number
    ++damage_->cursors;
    tail_ = first_head_;
  }
  second_head_ = first_head_;
  return first_head_ - tail_;
}

void RingCursor::see_second_head() {
  const std::uint64_t head = ring_->head.load(std::memory_order_acquire);
  // One that makes no sense is judged by the next round's first look.
  if (head >= first_head_ && head - tail_ <= record_count_) second_head_ = head;
}

/// A time that lies before the last one, or in the future.
std::uint64_t RingCursor::adjusted(std::uint64_t stamped, std::uint64_t last_ticks, std::uint64_t now) {
  // Clocks of two processors may disagree by less than this; beyond it a time is damage. About 30 us.
  constexpr std::uint64_t kTimeSlack = 100'000;
  if (stamped < last_ticks) {
    if (last_ticks - stamped > kTimeSlack) ++damage_->times;
    return last_ticks;
  }
  if (stamped - now > kTimeSlack) ++damage_->times;
  return std::max(last_ticks, now);
}

void RingCursor::publish(bool wake) {
  if (published_ != tail_) {
    published_ = tail_;
    // The release keeps our reads of the records before it; pairs with the producer's acquire load.
    ring_->tail.store(tail_, std::memory_order_release);
    // Sequentially consistent against the load of producer_waits: the producer sets that, then looks at the tail
    // again before it sleeps, so one of us sees the other.
    ring_->drained.fetch_add(1, std::memory_order_seq_cst);
    wake = wake || fill() <= record_count_ / 2;
  }
  if (wake && ring_->producer_waits.load(std::memory_order_seq_cst) != 0) wake_producer();
}

void RingCursor::restore_tail() {
  if (ring_->producer_waits.load(std::memory_order_relaxed) == 0) return;
  if (ring_->tail.load(std::memory_order_relaxed) == published_) return;
  ++damage_->cursors;
  ring_->tail.store(published_, std::memory_order_release);
  wake_producer();
}

void RingCursor::wake_producer() {
  ring_->drained.fetch_add(1, std::memory_order_seq_cst);
  futex_wake_all(ring_->drained);
}

void RingCursor::discard() {
  tail_ = ring_->head.load(std::memory_order_acquire);
  publish(true);
}

std::uint64_t RingCursor::fill() const {
  return std::min(ring_->head.load(std::memory_order_relaxed) - tail_, record_count_);
}

}  // namespace memprof::collect
