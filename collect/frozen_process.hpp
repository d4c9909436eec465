#pragma once
// What is known of a process at one moment, copied so that the recorder can go on at once: everything that takes time
// is left to thaw(), on whatever thread.

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collect/capture_quality.hpp"
#include "collect/captured_figures.hpp"
#include "collect/captured_process.hpp"
#include "collect/heap_accounts.hpp"
#include "collect/mapped_accounts.hpp"
#include "collect/shared_region.hpp"
#include "collect/thread_table.hpp"
#include "collect/tick_clock.hpp"

namespace memprof::collect {

struct FrozenProcess {
  std::shared_ptr<const SharedRegion> region;  ///< the stack tree only grows, so it can be read later
  TickClock clock;
  std::uint64_t ticks = 0;  ///< the moment
  HeapAccounts accounts;
  std::vector<wire::StackId> stacks;  ///< by site of the accounts
  ThreadTable threads;
  MappedAccounts mapped;
  std::vector<std::string> texts;  ///< names of scopes
  std::vector<MemoryMoment> memory;
  std::string unseen_memory;
  std::vector<CapturedModule> modules;
  CollectorQuality quality;
  std::uint32_t max_depth = 0;
  bool forked = false;
  double collector_cpu_s = 0;
  std::uint64_t ring_bytes = 0;  ///< of rings that were used

  /// In the terms of the profile; all but Process and the name of the snapshot. Uses the copy up.
  [[nodiscard]] CapturedProcess thaw() &&;

  /// The same in two parts, of which the second is done by a thread while the result of the first is used: see
  /// CapturedProcess::await_sites(). The thread has to end before this object does.
  [[nodiscard]] CapturedProcess thaw_but_for_sites();
  [[nodiscard]] std::jthread bring_sites(CapturedProcess& captured) const;

 private:
  BookedFigures booked() const { return {accounts, stacks, threads, mapped, texts}; }
  /// Of a few call stacks a thread takes longer to start than to tell.
  bool worth_a_thread() const { return stacks.size() >= 2048; }
};

/// For a copy that lives beside the original: with descriptors of its own.
[[nodiscard]] std::vector<CapturedModule> copy_of(const std::vector<CapturedModule>& modules);

}  // namespace memprof::collect
