#pragma once
// From a region's rings to figures: reads, orders, decodes, resolves and books, all on the thread that calls drain()
// and its helpers. Knows nothing of processes, files or sleeping.

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "collect/event_stream.hpp"
#include "collect/heap_accounts.hpp"
#include "collect/live_set.hpp"
#include "collect/record_decoder.hpp"
#include "collect/resolve_team.hpp"
#include "collect/shared_region.hpp"
#include "collect/stack_sites.hpp"
#include "collect/thread_table.hpp"
#include "collect/tree_heap.hpp"

namespace memprof::collect {

struct EngineOptions {
  double ns_per_tick = 1;
  std::uint64_t timeline_interval = 1'000'000;  ///< ticks
  unsigned resolve_threads = 1;
  /// Gets the steps of the live heap, if there are other processes.
  TreeHeap* tree = nullptr;
  TreeHeap::Member member = 0;
  std::uint64_t clock_base = 0;  ///< raw ticks at 0
};

class Engine {
 public:
  /// `now` tells the present time in ticks. Both outlive the engine.
  Engine(const SharedRegion& region, std::function<std::uint64_t()> now, const EngineOptions& options);

  /// Takes what is in the rings; returns the number of events booked. When memory runs out it goes on by throwing all
  /// records away, so that no producer waits for good.
  std::uint64_t drain();

  /// After the last drain().
  void finish() {
    accounts_.finish(now_());
    mapped_.finish();
  }

  /// Something is in the rings that should not wait for the next look.
  bool urgent() const { return stream_.urgent(); }
  /// Ticks until the next look is due, by how fast events came lately; FillForecast::kNever: no need to hurry.
  std::uint64_t ticks_until_due() const { return stream_.ticks_until_due(); }
  void wake_producers() { stream_.wake_producers(); }

  HeapAccounts& accounts() { return accounts_; }
  const HeapAccounts& accounts() const { return accounts_; }
  const MappedAccounts& mapped() const { return mapped_; }
  ThreadTable& threads() { return threads_; }
  const ThreadTable& threads() const { return threads_; }
  const LiveSet& live_set() const { return live_set_; }
  /// By site index of the accounts.
  const std::vector<wire::StackId>& stacks() const { return sites_.stacks(); }
  /// Names that the program gave, by the numbers in marks.
  const std::vector<std::string>& texts() const { return decoder_.texts(); }
  RegionDamage& damage() { return damage_; }
  const RegionDamage& damage() const { return damage_; }
  bool out_of_memory() const { return out_of_memory_; }
  /// Bytes of all ring records that were ever written to.
  std::uint64_t touched_ring_bytes() const;

  // Figures of the moment, for any thread.
  std::uint64_t live_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }
  std::uint64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  std::uint64_t events() const { return events_.load(std::memory_order_relaxed); }

 private:
  void drain_round();
  void book(std::span<Event> batch, bool shared);
  void hand_over_steps(std::uint64_t last_ticks);

  EngineOptions options_;
  const SharedRegion& region_;
  std::function<std::uint64_t()> now_;
  RegionDamage damage_;
  StackSites sites_;
  ThreadTable threads_;
  Relocations relocations_;
  MappedAccounts mapped_;
  RecordDecoder decoder_;
  EventStream stream_;
  LiveSet live_set_;
  ResolveTeam team_;
  HeapAccounts accounts_;
  std::vector<Event> space_;  ///< for the batch at hand
  bool all_steps_ = false;    ///< of this round: every step counts, not only the highest of each batch
  std::vector<TreeHeap::Step> steps_;
  bool out_of_memory_ = false;
  bool given_up_ = false;  ///< there was too much damage to believe anything
  std::atomic<std::uint64_t> live_bytes_{0}, peak_bytes_{0}, events_{0};
};

}  // namespace memprof::collect
