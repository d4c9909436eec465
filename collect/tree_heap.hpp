#pragma once
// The live heap of all processes of a session together, and its peak: the highest sum at any one time.
//
// Every process has its own recorder, which runs ahead of or behind the others. But all of them stamp their events
// with the same clock, so each recorder hands over the steps of its process' live heap, and here they are merged in
// the order of time as far as all recorders have come. While there is only one process, two steps a batch are enough:
// nobody else's steps lie between its own.
//
// What "exact" means
//  - An event counts at its time stamp, as in the peak of a single process.
//  - What a process holds is gone when it ends or becomes another program. The kernel does not tell when that was: it
//    was after the last sign of life and before memprof saw it. The peak is computed for both, and the two are mostly
//    the same. Peak::bytes is the higher one.
//  - If recorders are so far apart that the steps in between would fill memory, they are merged too early, and
//    Peak::exact is false.

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <queue>
#include <utility>
#include <vector>

namespace memprof::collect {

/// Safe to use from several threads, one for each member.
class TreeHeap {
 public:
  using Member = std::uint32_t;  ///< small numbers, chosen by the caller, one for each process image
  /// From `ticks` on (raw ticks of the common clock) the member holds this.
  struct Step {
    std::uint64_t ticks = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t live_blocks = 0;
  };
  struct Peak {
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;
    std::uint64_t least_bytes = 0;  ///< what it was at least; as a rule the same
    std::uint64_t ticks = 0;        ///< when `bytes` was reached
    bool exact = true;
    std::vector<std::uint64_t> shares;  ///< by member: what of `bytes` was its own
  };
  /// Steps that may wait for the slowest recorder: 96 MiB.
  static constexpr std::size_t kMostPending = std::size_t{4} << 20;

  /// Its first step is later than this.
  void join(Member member, std::uint64_t now);

  /// Whether there is a single member and nothing of others is left to be merged. Once true, it stays true for steps
  /// that are older than the question.
  bool alone() const { return alone_.load(std::memory_order_acquire); }

  /// The member's next steps; those out of order are moved to the latest time so far. Empties `steps`.
  void add(Member member, std::vector<Step>& steps);
  /// The member was alive then, and all its older steps are in.
  void pass(Member member, std::uint64_t ticks);
  /// All its steps are in; it was gone at this time at the latest.
  void leave(Member member, std::uint64_t ticks);

  /// After all members have left.
  [[nodiscard]] Peak finish();

 private:
  enum class Phase : std::uint8_t { kHere, kLeaving, kUnsure, kGone };
  struct State {
    std::vector<Step> steps;
    std::size_t next = 0;       // of `steps`
    std::uint64_t known = 0;    // all older steps are in
    std::uint64_t gone_at = 0;  // from kLeaving on
    std::uint64_t live = 0;     // as far as merged
    std::uint64_t blocks = 0;   // likewise
    std::uint64_t epoch = 0;    // see PeakShare in heap_accounts.hpp
    std::uint64_t share = 0;
    Phase phase = Phase::kGone;
    bool queued = false;
  };
  using Next = std::pair<std::uint64_t, Member>;  // time of a member's next step or change of phase

  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t next_time(const State& state) const;
  void enqueue(Member member);
  void merge();
  void merge_until(std::uint64_t frontier);
  void take_steps(Member member, std::uint64_t until);
  void change_phase(Member member);
  void settle(State& state) const;
  void look_at_level(State& state, std::uint64_t ticks);
  void update_alone();

  std::mutex mutex_;
  std::atomic<bool> alone_{true};
  std::vector<State> members_;
  std::vector<Member> here_;  // members that hold the frontier back
  std::priority_queue<Next, std::vector<Next>, std::greater<>> queue_;
  std::size_t pending_ = 0;
  std::size_t present_ = 0;   // not gone
  std::uint64_t merged_ = 0;  // the time up to which all is merged
  std::uint64_t sum_ = 0;     // of all members' live
  std::uint64_t blocks_ = 0;  // of all members' blocks
  std::uint64_t unsure_ = 0;  // the part of it that may be gone already
  std::uint64_t epoch_ = 0;
  Peak peak_;
};

}  // namespace memprof::collect
