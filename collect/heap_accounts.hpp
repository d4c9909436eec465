#pragma once
// Keeps all figures but those of the live set: totals, sites, threads, the peak and the timeline. Fed with resolved
// events in the order of time; one thread.
//
// realloc is one free and one allocation, both at the time of its end. The peak is looked at after both, so a realloc
// never counts old and new block at once, although a moving one holds both for a moment inside the allocator: users
// think of realloc as a change of size, and other tools count it so. A realloc that fails changes nothing.
//
// Peak: `epoch` rises whenever the heap passes its maximum. A site (or thread) whose epoch is older has not changed
// since then, so its present figures are those at the peak: it stores them before it changes, and takes the epoch
// over. At the end, a site with an old epoch has its share in its live figures. So shares of all sites belong to one
// moment and add up to the peak, and no event costs more than O(1).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collect/event.hpp"
#include "collect/lifetime_buckets.hpp"
#include "collect/relocations.hpp"
#include "collect/scope_log.hpp"
#include "collect/site_account.hpp"
#include "collect/tick_log.hpp"
#include "collect/timeline.hpp"
#include "collect/tree_heap.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

struct ThreadAccount {
  PeakShare<std::uint64_t> share;
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t frees = 0, freed_bytes = 0;
  std::uint64_t temporary_allocations = 0;
  /// Of its latest allocation, 0 once that is freed: whoever frees it now had it temporarily.
  std::uint64_t latest_address = 0;

  ThreadFlow flow() const { return {allocations, allocated_bytes, frees, freed_bytes}; }
};

/// The accounts of all sites, in parts (collect/site_account.hpp).
struct SiteAccounts {
  std::vector<SiteAllocations> allocations;
  std::vector<SiteFrees> frees;
  std::vector<SiteHistory> histories;

  std::size_t size() const { return allocations.size(); }
  void reserve(std::size_t count) {
    allocations.reserve(count);
    frees.reserve(count);
    histories.reserve(count);
  }
  void resize(std::size_t count) {
    allocations.resize(count);
    frees.resize(count);
    histories.resize(count);
  }
  SiteAccount operator[](std::size_t index) const { return {allocations[index], frees[index], histories[index]}; }
  void put(std::size_t index, const SiteAccount& account) {
    allocations[index] = account.allocations;
    frees[index] = account.frees;
    histories[index] = account.history;
  }
  std::uint64_t events(std::size_t index) const {
    return allocations[index].run + histories[index].allocations + frees[index].frees + frees[index].failed_allocations;
  }
};

/// A moment of which a snapshot was taken.
struct SnapshotPoint {
  std::uint64_t ticks = 0;
  std::string name;
  std::uint64_t live_bytes = 0, live_blocks = 0;
};

/// Accounts as they were at the last peak, where they have changed since.
template <typename Account>
struct PeakCopies {
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  std::vector<std::uint64_t> epochs;  ///< of the peak that the copy is of
  std::vector<Account> accounts;
};

struct StateAtPeak {
  PeakCopies<SiteAccount> sites;
  PeakCopies<ThreadAccount> threads;
  Totals totals;
  std::uint64_t events = 0, unknown_frees = 0, missed_frees = 0;
};

class HeapAccounts {
 public:
  /// `ns_per_tick` is for lifetimes; `timeline_interval` in ticks.
  HeapAccounts(double ns_per_tick, std::uint64_t timeline_interval);

  /// To be called before the first event: costs a copy of an account per event while the heap grows.
  void keep_state_at_peak() { at_peak_.emplace(); }
  /// What these accounts were when the heap was largest, before finish(). Without ticks and scopes.
  [[nodiscard]] HeapAccounts at_peak() const;

  /// Event::site and Event::thread are below the two counts.
  void apply(std::span<const Event> events, const Relocations& relocations, std::size_t site_count,
             std::size_t thread_count);

  /// Who is told of the marks that are not for the accounts themselves (kSnapshot, kTraced, kWhere), at their place
  /// among the events: what the accounts say then is the state at that time.
  void on_request(std::function<void(const Event&)> taker) { request_taker_ = std::move(taker); }

  /// A snapshot is taken now; the reports of this process mention it.
  void note_snapshot(std::uint64_t ticks, std::string name);
  /// From now on the live heap after each event is appended here; null: not.
  void set_steps(std::vector<TreeHeap::Step>* steps) { steps_ = steps; }
  /// The highest live heap in the latest call of apply(), and when it was.
  const TreeHeap::Step& highest_step() const { return highest_step_; }

  /// Everything is in: settles the peak shares and size figures, adds the last point of the timeline.
  void finish(std::uint64_t ticks);

  const Totals& totals() const { return totals_; }  ///< without peak_time_s
  std::uint64_t peak_ticks() const { return peak_ticks_; }
  std::uint64_t unknown_frees() const { return unknown_frees_; }
  std::uint64_t missed_frees() const { return missed_frees_; }
  std::uint64_t events() const { return events_; }  ///< a realloc is one
  const SiteAccounts& sites() const { return sites_; }
  const std::vector<ThreadAccount>& threads() const { return threads_; }
  const std::vector<SnapshotPoint>& snapshots() const { return snapshots_; }
  const ScopeLog& scope_log() const { return scope_log_; }
  /// Highest live bytes since the start, or since the program called memprof_reset_peak().
  std::uint64_t traced_peak_bytes() const { return traced_peak_bytes_; }
  const TickLog& tick_log() const { return tick_log_; }
  Timeline& timeline() { return timeline_; }
  const Timeline& timeline() const { return timeline_; }
  const std::vector<Timeline::Point>& points() const { return points_; }  ///< after finish()

 private:
  /// What each event changes, for the compiler to keep in registers while nothing else is looked at.
  struct Level {
    std::uint64_t live_bytes, live_blocks;
    std::uint64_t peak_bytes, epoch;
    TreeHeap::Step highest;
  };
  /// Books events from `begin` on, as long as they are allocations and frees as they should be; returns where it
  /// stopped.
  std::size_t apply_usual(std::span<const Event> events, std::size_t begin);
  void book_allocation(const Event& event, Level& now);
  void book_free(const Event& event, Level& now);
  /// Somebody wants to know more of each event than what apply_usual() keeps.
  bool is_watched() const { return at_peak_ || tick_log_.active() || scope_log_.any_open(); }
  void apply_one(const Event& event, const Relocations& relocations);
  void allocate(const Event& event);
  void fail(const Event& event);
  void release(const Event& event, std::uint64_t address, const Block& block);
  void miss(const Block& block);
  void take_out(const Block& block);
  void note_first_free(const Event& event);
  void look_at_level(const Event& event);
  void note_level(const TreeHeap::Step& highest);
  void mark(const Event& event);
  void keep_copies(const Event& event, const Relocations& relocations);
  void tick(std::uint64_t ticks);
  /// Before each change of a site's live figures.
  SiteAllocations& settled(std::uint32_t index) {
    SiteAllocations& site = sites_.allocations[index];
    site.share.settle(epoch_);
    if (tick_log_.active()) tick_log_.note(index, site.share.live_blocks, site.share.live_bytes);
    return site;
  }

  LifetimeBuckets lifetime_buckets_;
  std::vector<TreeHeap::Step>* steps_ = nullptr;
  TreeHeap::Step highest_step_;
  Totals totals_;
  std::uint64_t epoch_ = 0;
  std::uint64_t peak_ticks_ = 0;
  std::uint64_t unknown_frees_ = 0, missed_frees_ = 0, events_ = 0;
  Timeline timeline_;
  TickLog tick_log_;
  ScopeLog scope_log_;
  std::uint64_t traced_peak_bytes_ = 0;
  std::optional<StateAtPeak> at_peak_;
  std::function<void(const Event&)> request_taker_;
  SiteAccounts sites_;
  std::vector<ThreadAccount> threads_;
  std::vector<Timeline::Point> points_;
  std::vector<SnapshotPoint> snapshots_;
};

}  // namespace memprof::collect
