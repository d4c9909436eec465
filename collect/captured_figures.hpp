#pragma once
// The engine's accounts in the words of the profile model.

#include <vector>

#include "collect/captured_process.hpp"
#include "collect/heap_accounts.hpp"
#include "collect/mapped_accounts.hpp"
#include "collect/stack_tree.hpp"
#include "collect/thread_table.hpp"
#include "collect/tick_clock.hpp"

namespace memprof::collect {

/// The engine's, or a copy of them.
struct BookedFigures {
  const HeapAccounts& accounts;
  const std::vector<wire::StackId>& stacks;  ///< by site of the accounts
  const ThreadTable& threads;
  const MappedAccounts& mapped;
  const std::vector<std::string>& texts;  ///< names of scopes
};

/// Fills in totals, sites, threads, timeline, names, and what the accounts know of the capture. After
/// finish() of both accounts.
void take_figures(const BookedFigures& booked, const StackTree& tree, const TickClock& clock,
                  CapturedProcess& captured);

}  // namespace memprof::collect
