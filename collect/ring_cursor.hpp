#pragma once
// Reads one ring, record by record. Belongs to the drain thread; everything it reads may be nonsense.

#include <algorithm>
#include <cstdint>

#include "collect/region_damage.hpp"
#include "collect/shared_region.hpp"
#include "wire/region.hpp"

namespace memprof::collect {

class RingCursor {
 public:
  /// `record_count` is a power of two. All three outlive the cursor.
  RingCursor(wire::RingHeader& ring, const wire::Record* records, std::uint32_t record_count, RegionDamage& damage);

  // A round looks at the head twice (see EventStream): records before the first head are certain to be taken in it,
  // those up to the second one only if they are older than some certain one.
  /// Returns the number of certain records.
  std::uint64_t see_first_head();
  void see_second_head();
  std::uint64_t certain() const { return tail_ < first_head_ ? first_head_ - tail_ : 0; }

  /// Copies the record at the tail; false: nothing is left in this round. `now` bounds its time.
  bool load(std::uint64_t now) {
    if (tail_ >= second_head_) return false;
    next_ = load_at(tail_, ticks_, now);
    ticks_ = next_.ticks;
    return true;
  }
  /// Time of the loaded record, made to rise.
  std::uint64_t ticks() const { return ticks_; }

  /// Hands the loaded record and those after it to `take`(record, ticks), the first in any case, as long as they are
  /// older than `before` and at most `most`; loads the one after them. False: nothing is left in this round.
  template <typename Take>
  bool take_while_older(std::uint64_t before, std::uint64_t most, std::uint64_t now, const Take& take) {
    Loaded next = next_;
    const std::uint64_t stop = std::min(tail_ + most, second_head_);
    std::uint64_t tail = tail_;
    bool more = true;
    do {
      take(next.record, next.ticks);
      more = ++tail != stop;
      if (!more) break;
      next = load_at(tail, next.ticks, now);
    } while (next.ticks < before);
    next_ = next;
    ticks_ = next.ticks;
    tail_ = tail;
    return more || load(now);
  }

  /// Gives the space of all taken records back to the producer, and wakes it if it waits and there is room enough for
  /// the wake to be worth it, or `wake` insists.
  void publish(bool wake);

  /// Somebody else has written the tail, and the producer waits for room that it has: the right one again.
  void restore_tail();

  /// Drops whatever is there.
  void discard();

  /// Records that wait to be taken, at most the size of the ring.
  std::uint64_t fill() const;
  bool producer_waits() const { return ring_->producer_waits.load(std::memory_order_relaxed) != 0; }
  std::uint64_t records_ever() const { return tail_; }

 private:
  struct Loaded {
    wire::Record record{};
    std::uint64_t ticks = 0;
  };
  Loaded load_at(std::uint64_t position, std::uint64_t last_ticks, std::uint64_t now) {
    const wire::Record& shared = records_[position & (record_count_ - 1)];
    Loaded loaded{{load_once(shared.time_and_kind), load_once(shared.address), load_once(shared.size_and_stack)}, 0};
    const std::uint64_t stamped = loaded.record.ticks();
    const bool in_order = stamped >= last_ticks && stamped <= now;
    loaded.ticks = __builtin_expect(in_order, 1) ? stamped : adjusted(stamped, last_ticks, now);
    return loaded;
  }
  std::uint64_t adjusted(std::uint64_t stamped, std::uint64_t last_ticks, std::uint64_t now);
  void wake_producer();

  wire::RingHeader* ring_;
  const wire::Record* records_;
  std::uint64_t record_count_;
  RegionDamage* damage_;
  std::uint64_t tail_ = 0, published_ = 0;
  std::uint64_t first_head_ = 0, second_head_ = 0;
  Loaded next_;
  std::uint64_t ticks_ = 0;
};

}  // namespace memprof::collect
