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

/// Fills in totals, threads, timeline, names, what the accounts know of the capture, and which sites are to come. After
/// finish() of both accounts.
void take_figures(const BookedFigures& booked, const StackTree& tree, const TickClock& clock,
                  CapturedProcess& captured);

/// The sites that are to come after take_figures(), in the same order.
[[nodiscard]] SiteFigures take_sites(const BookedFigures& booked);

}  // namespace memprof::collect
