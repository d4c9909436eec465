#pragma once
// Reads one ring, record by record. Belongs to the drain thread; everything it reads may be nonsense.

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
  bool certain() const { return tail_ < first_head_; }

  /// Copies the record at the tail; false: nothing is left in this round. `now` bounds its time.
  bool load(std::uint64_t now) {
    if (tail_ >= second_head_) return false;
    const wire::Record& shared = records_[tail_ & (record_count_ - 1)];
    record_ = {load_once(shared.time_and_kind), load_once(shared.address), load_once(shared.size_and_stack)};
    const std::uint64_t stamped = record_.ticks();
    if (__builtin_expect(stamped < ticks_ || stamped > now, 0)) {
      adjust(stamped, now);
    } else {
      ticks_ = stamped;
    }
    return true;
  }
  const wire::Record& record() const { return record_; }
  /// Time of record(), made to rise.
  std::uint64_t ticks() const { return ticks_; }
  /// Goes on to the next record.
  void take() { ++tail_; }

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
  void adjust(std::uint64_t stamped, std::uint64_t now);
  void wake_producer();

  wire::RingHeader* ring_;
  const wire::Record* records_;
  std::uint64_t record_count_;
  RegionDamage* damage_;
  std::uint64_t tail_ = 0, published_ = 0;
  std::uint64_t first_head_ = 0, second_head_ = 0;
  wire::Record record_{};
  std::uint64_t ticks_ = 0;
};

}  // namespace memprof::collect
