// The state of the accounts at the peak, for those who want all of it (HeapAccounts::keep_state_at_peak).
//
// The same thought as with the peak shares: an account that has not changed since the last peak is what it was then. So
// before an event changes accounts, those whose copy is older than the last peak are copied.

#include <algorithm>

#include "collect/heap_accounts.hpp"

namespace memprof::collect {
namespace {

template <typename Account, typename Accounts>
void keep_copy(PeakCopies<Account>& copies, const Accounts& accounts, std::uint32_t index, std::uint64_t epoch) {
  if (index >= accounts.size()) return;
  if (index >= copies.epochs.size()) {
    copies.epochs.resize(accounts.size(), PeakCopies<Account>::kNever);
    copies.accounts.resize(accounts.size());
  }
  if (copies.epochs[index] == epoch) return;
  copies.epochs[index] = epoch;
  copies.accounts[index] = accounts[index];
}

template <typename Account>
bool has_copy(const PeakCopies<Account>& copies, std::size_t index, std::uint64_t epoch) {
  return index < copies.epochs.size() && copies.epochs[index] == epoch;
}

/// All that an account counted as live at the peak was its share of it.
template <typename Blocks>
void be_at_peak(PeakShare<Blocks>& share, std::uint64_t epoch) {
  share.peak_blocks = share.live_blocks;
  share.peak_bytes = share.live_bytes;
  share.epoch = epoch;
}

}  // namespace

void HeapAccounts::keep_copies(const Event& event, const Relocations& relocations) {
  const auto keep = [this](std::uint32_t site, std::uint32_t thread) {
    keep_copy(at_peak_->sites, sites_, site, epoch_);
    keep_copy(at_peak_->threads, threads_, thread, epoch_);
  };
  if (event.operation == wire::Operation::kMark) return;
  keep(event.site, event.thread);
  if (event.found) keep(event.block.site, event.block.thread);
  if (event.relocation == kNoRelocation) return;
  const Relocations::Relocation& old = relocations[event.relocation];
  if (old.found) keep(old.block.site, old.block.thread);
}

HeapAccounts HeapAccounts::at_peak() const {
  HeapAccounts past = *this;
  past.at_peak_.reset();
  if (!at_peak_) return past;
  past.totals_ = at_peak_->totals;
  past.events_ = at_peak_->events;
  past.unknown_frees_ = at_peak_->unknown_frees;
  past.missed_frees_ = at_peak_->missed_frees;
  for (std::size_t i = 0; i < past.sites_.size(); ++i) {
    if (has_copy(at_peak_->sites, i, epoch_)) past.sites_.put(i, at_peak_->sites.accounts[i]);
    be_at_peak(past.sites_.allocations[i].share, epoch_);
  }
  for (std::size_t i = 0; i < past.threads_.size(); ++i) {
    if (has_copy(at_peak_->threads, i, epoch_)) past.threads_[i] = at_peak_->threads.accounts[i];
    be_at_peak(past.threads_[i].share, epoch_);
  }
  past.timeline_.cut_after(peak_ticks_, totals_.peak_bytes);
  std::erase_if(past.snapshots_, [&](const SnapshotPoint& point) { return point.ticks > peak_ticks_; });
  past.tick_log_ = TickLog();
  past.scope_log_ = ScopeLog();
  return past;
}

}  // namespace memprof::collect
