#pragma once
// All rings of a region as one stream of events in the order of time.
//
// Why the order is right although the rings are read while they are written: a round reads all heads (H1), then all
// heads again (H2). An event that a record in H1 depends on (the free that made its address available) was published
// before that record, so it is in H2. Records are merged by time out of H2 until those of H1 are used up; what is
// merged is older than some record of H1, and so was stamped before the second look began. A record that is
// published later and stamped earlier than a merged one may exist, but the merged one cannot depend on it: whatever
// depends on a record was stamped after that record was published.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "collect/fill_forecast.hpp"
#include "collect/node_bound.hpp"
#include "collect/node_pages.hpp"
#include "collect/record_decoder.hpp"
#include "collect/ring_cursor.hpp"

namespace memprof::collect {

class EventStream {
 public:
  EventStream(const SharedRegion& region, RecordDecoder& decoder, RegionDamage& damage);

  /// Looks at all rings; returns the number of records that this round will take at least. `clock` tells the present
  /// time in ticks after the look.
  template <typename Clock>
  std::uint64_t begin_round(const Clock& clock) {
    look();
    now_ = clock();
    forecast_.note(now_, most_certain_);
    return prepare();
  }

  /// Fills `space` with events; returns how many there are: fewer than have room only at the end of the round.
  std::size_t fill(std::span<Event> space);
  bool round_is_over() const { return certain_ == 0; }

  /// Records that are certain to be taken in this round and have not been yet.
  std::uint64_t certain() const { return certain_; }

  /// Some producer waits for us.
  bool urgent() const;
  /// Ticks until some ring will be filled to three eighths, by how fast they were filled between the last two rounds;
  /// FillForecast::kNever: a long time.
  std::uint64_t ticks_until_due() const;
  /// Throws everything in the rings away, for when there is no memory to keep it.
  void discard();
  /// Wakes all producers.
  void wake_producers();

  std::uint32_t rings_used() const { return static_cast<std::uint32_t>(cursors_.size()); }
  const RingCursor& cursor(std::uint32_t ring) const { return cursors_[ring]; }

 private:
  struct Next {
    std::uint64_t ticks;
    std::uint32_t ring;
    bool before(const Next& other) const { return ticks != other.ticks ? ticks < other.ticks : ring < other.ring; }
  };

  void look();
  std::uint64_t prepare();
  void take_in_new_rings();
  void publish(bool wake);
  /// Restores the heap after its first element changed.
  void sift_down();
  std::uint64_t second_smallest() const;

  const SharedRegion& region_;
  RecordDecoder& decoder_;
  RegionDamage& damage_;
  NodeBound node_bound_{region_};
  NodePages node_pages_{region_};
  std::vector<RingCursor> cursors_;
  std::vector<std::uint32_t> active_;  ///< rings with records in this round
  std::vector<Next> heap_;             ///< the next record of each of them, the oldest first
  std::uint64_t certain_ = 0;
  std::uint64_t most_certain_ = 0;  ///< in one ring
  FillForecast forecast_;
  std::uint64_t now_ = 0;
};

}  // namespace memprof::collect
