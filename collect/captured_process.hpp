#pragma once
// Everything the collector knows about one process image before symbols: what the engine hands to build_profile().

#include <cstdint>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "collect/unique_fd.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// One load of one file in the target; index 0 is the module of addresses that belong to no file.
struct CapturedModule {
  std::string path;  ///< resolved: the executable's own path for the main program
  std::string build_id;
  std::uint64_t start = 0, end = 0, bias = 0;
  UniqueFd file;  ///< opened while the target lived, where possible
};

/// Copy of the region's stack tree, index = wire::StackId.
struct CapturedStack {
  std::uint32_t parent = 0;
  std::uint16_t module = 0;
  std::uint64_t address = 0;
};

/// What is known of a site before its figures.
struct StackUse {
  std::uint32_t stack = 0;  ///< wire::StackId
  bool allocates = false;
};

/// What it takes time to put together for hundreds of thousands of call stacks.
struct SiteFigures {
  std::vector<Site> sites;               ///< Site::stack is a wire::StackId
  std::vector<TickChange> tick_changes;  ///< TickChange::site is a row of `sites`
};

struct CapturedProcess : SiteFigures {
  std::uint32_t tree_row = 0;          ///< of ProcessTree::processes
  std::uint32_t unheard_programs = 0;  ///< that it executed as another user
  Process process;
  Capture capture;
  Totals totals;
  Totals mapped_totals;
  std::vector<CapturedModule> modules;
  std::vector<CapturedStack> stacks;
  std::vector<std::string> hook_names;  ///< Site::hook and Thread::name index these two until symbols are resolved
  std::vector<std::string> thread_names;
  std::vector<Site> mapped_sites;
  std::vector<Thread> threads;
  std::vector<TimelinePoint> timeline;
  std::vector<MemoryMoment> memory;
  std::vector<Tick> ticks;
  std::vector<std::string> scope_names;  ///< Scope::name indexes them
  std::vector<Scope> scopes;             ///< Scope::thread is a row of `threads`
  std::vector<ScopeCall> scope_calls;
  Snapshot snapshot;                        ///< its time is that of the last look, also of a whole run
  std::vector<std::string> snapshot_names;  ///< SnapshotMark::name indexes them
  std::vector<SnapshotMark> snapshots;

  /// While the sites are still to come: one for each, and what brings them.
  std::vector<StackUse> sites_to_come;
  std::future<SiteFigures> site_figures;

  /// From here on they are there. Throws what their maker threw: std::bad_alloc.
  void await_sites() {
    if (site_figures.valid()) take_sites(site_figures.get());
  }
  void take_sites(SiteFigures&& figures) {
    static_cast<SiteFigures&>(*this) = std::move(figures);
    sites_to_come = std::vector<StackUse>();
  }

  /// Recorded events, so that a process that merely started another can be told apart.
  std::uint64_t events() const { return totals.allocations + totals.frees + totals.failed_allocations; }

  /// Next to nothing: hardly worth a profile of its own, unless it is the one that the user asked for.
  bool trivial() const { return events() < 1000 && totals.peak_bytes + mapped_totals.peak_bytes < 1024 * 1024; }

  /// Roughly, in memory.
  std::uint64_t bytes() const {
    return (sites.size() + sites_to_come.size() + mapped_sites.size()) * (sizeof(Site) + 64) +
           stacks.size() * sizeof(CapturedStack) + timeline.size() * sizeof(TimelinePoint) +
           modules.size() * sizeof(CapturedModule);
  }
};

}  // namespace memprof::collect
