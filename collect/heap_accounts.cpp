#include "collect/heap_accounts.hpp"

#include <algorithm>
#include <utility>

namespace memprof::collect {
namespace {

/// How many events ahead the accounts of sites are fetched.
constexpr std::size_t kAhead = 8;

/// Marks and blocks of a paused thread have no site.
void prefetch(const std::vector<SiteAccount>& sites, std::uint32_t index, bool allocates) {
  if (index >= sites.size()) return;
  const SiteAccount& site = sites[index];
  __builtin_prefetch(&site, 1);
  __builtin_prefetch(allocates ? static_cast<const void*>(&site.sizes) : &site.lifetimes, 1);
}

bool is_whole_multiple(std::uint64_t size, std::uint64_t divisor) { return divisor != 0 && size % divisor == 0; }

}  // namespace

void SizeFigures::flush() {
  if (run_ == 0) return;
  min_ = any_ ? std::min(min_, last_) : last_;
  any_ = true;
  max_ = std::max(max_, last_);
  if (!is_whole_multiple(last_, divisor_)) divisor_ = std::gcd(divisor_, last_);
  histogram_.add(CompactHistogram::bucket_of(last_), run_);
  run_ = 0;
}

HeapAccounts::HeapAccounts(double ns_per_tick, std::uint64_t timeline_interval)
    : ns_per_tick_(ns_per_tick), timeline_(timeline_interval) {}

void HeapAccounts::apply(std::span<const Event> events, const Relocations& relocations, std::size_t site_count,
                         std::size_t thread_count) {
  while (sites_.size() < site_count) sites_.emplace_back().share.epoch = epoch_;
  while (threads_.size() < thread_count) threads_.emplace_back().share.epoch = epoch_;
  highest_step_ = {};
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size()) {
      const Event& later = events[i + kAhead];
      prefetch(sites_, later.site, later.operation != wire::Operation::kFree);
      if (later.found) prefetch(sites_, later.block.site, false);
    }
    const Event& event = events[i];
    if (event.ticks >= timeline_.due()) timeline_.cross(event.ticks, totals_.live_bytes, totals_.allocations);
    apply_one(event, relocations);
  }
}

void HeapAccounts::apply_one(const Event& event, const Relocations& relocations) {
  using wire::Operation;
  if (at_peak_) keep_copies(event, relocations);
  switch (event.operation) {
    case Operation::kAlloc:
      if (event.found) miss(event.block);
      allocate(event);
      break;
    case Operation::kFree:
      if (!event.found) {
        ++unknown_frees_;
        ++events_;
        return;
      }
      release(event, event.address, event.block);
      break;
    case Operation::kReallocEnd:
      if (event.relocation != kNoRelocation) {
        const Relocations::Relocation& old = relocations[event.relocation];
        if (old.found) {
          release(event, old.address, old.block);
        } else {
          ++unknown_frees_;
        }
      }
      if (event.found) miss(event.block);
      if (event.address != 0) allocate(event);
      break;
    case Operation::kAllocFail:
      fail(event);
      break;
    case Operation::kReallocFail:
      if (event.found) miss(event.block);
      fail(event);
      break;
    case Operation::kMark:
      return mark(event);
    default:
      return;  // kReallocBegin counts when its end is here
  }
  ++events_;
  look_at_level(event);
}

void HeapAccounts::allocate(const Event& event) {
  if (event.unrecorded) return;
  ++totals_.allocations;
  totals_.allocated_bytes += event.size;
  ++totals_.live_blocks;
  totals_.live_bytes += event.size;

  SiteAccount& site = sites_[event.site];
  settle(site, event.site);
  ++site.share.live_blocks;
  site.share.live_bytes += event.size;
  if (site.allocations++ == 0) site.hook = event.hook;
  site.allocated_bytes += event.size;
  site.sizes.add(event.size);

  ThreadAccount& thread = threads_[event.thread];
  thread.share.settle(epoch_);
  ++thread.share.live_blocks;
  thread.share.live_bytes += event.size;
  ++thread.allocations;
  thread.allocated_bytes += event.size;
  thread.latest_address = event.address;
}

void HeapAccounts::fail(const Event& event) {
  ++totals_.failed_allocations;
  SiteAccount& site = sites_[event.site];
  ++site.failed_allocations;
  if (site.allocations == 0) site.hook = event.hook;
}

/// Not for blocks of a paused thread, which no figure has counted.
void HeapAccounts::take_out(const Block& block) {
  ++totals_.frees;
  totals_.freed_bytes += block.size;
  --totals_.live_blocks;
  totals_.live_bytes -= block.size;

  SiteAccount& site = sites_[block.site];
  settle(site, block.site);
  --site.share.live_blocks;
  site.share.live_bytes -= block.size;

  ThreadAccount& thread = threads_[block.thread];
  thread.share.settle(epoch_);
  --thread.share.live_blocks;
  thread.share.live_bytes -= block.size;
}

void HeapAccounts::miss(const Block& block) {
  if (block.site == kUnrecordedSite) return;
  ++missed_frees_;
  take_out(block);
}

void HeapAccounts::release(const Event& event, std::uint64_t address, const Block& block) {
  if (block.site == kUnrecordedSite) return;
  take_out(block);

  SiteAccount& born_at = sites_[block.site];
  const std::uint64_t ticks = event.ticks > block.birth ? event.ticks - block.birth : 0;
  const auto lifetime_ns = static_cast<std::uint64_t>(static_cast<double>(ticks) * ns_per_tick_);
  born_at.lifetimes.add(CompactHistogram::bucket_of(lifetime_ns));

  ThreadAccount& thread = threads_[event.thread];
  if (thread.latest_address == address && block.thread == event.thread) {
    thread.latest_address = 0;
    ++thread.temporary_allocations;
    ++born_at.temporary_allocations;
    ++totals_.temporary_allocations;
  }
  ++thread.frees;
  thread.freed_bytes += block.size;

  SiteAccount& site = sites_[event.site];
  if (site.frees == 0 && site.events() == 0) site.hook = event.hook;
  ++site.frees;
  site.freed_bytes += block.size;
}

void HeapAccounts::mark(const Event& event) {
  const auto name = static_cast<std::uint32_t>(event.address);
  const ThreadFlow flow = threads_[event.thread].flow();
  switch (event.mark()) {
    case wire::Mark::kThread:
      return scope_log_.end_all(event.thread, event.ticks, flow);
    case wire::Mark::kTick:
      return tick(event.ticks);
    case wire::Mark::kScopeBegin:
      return scope_log_.begin(event.thread, name, event.ticks, flow);
    case wire::Mark::kScopeEnd:
      return scope_log_.end(event.thread, name, event.ticks, flow);
    case wire::Mark::kResetPeak:
      traced_peak_bytes_ = totals_.live_bytes;
      return;
    default:
      if (request_taker_) request_taker_(event);
  }
}

void HeapAccounts::tick(std::uint64_t ticks) {
  tick_log_.tick(
      {ticks, totals_.live_bytes, totals_.live_blocks, totals_.allocations}, static_cast<std::uint32_t>(sites_.size()),
      [this](std::uint32_t site) { return std::pair(sites_[site].share.live_blocks, sites_[site].share.live_bytes); });
}

void HeapAccounts::look_at_level(const Event& event) {
  const std::uint64_t level = totals_.live_bytes;
  if (level > totals_.peak_bytes) {
    totals_.peak_bytes = level;
    totals_.peak_blocks = totals_.live_blocks;
    peak_ticks_ = event.ticks;
    ++epoch_;
    if (at_peak_) {
      at_peak_->totals = totals_;
      at_peak_->events = events_;
      at_peak_->unknown_frees = unknown_frees_;
      at_peak_->missed_frees = missed_frees_;
    }
  }
  traced_peak_bytes_ = std::max(traced_peak_bytes_, level);
  if (scope_log_.any_open()) scope_log_.note(event.thread, threads_[event.thread].flow().net_bytes(), level);
  SiteAccount& site = sites_[event.site];
  site.highest_heap = std::max(site.highest_heap, level);
  timeline_.note(level);
  if (level >= highest_step_.live_bytes) highest_step_ = {event.ticks, level, totals_.live_blocks};
  if (steps_ != nullptr) steps_->push_back({event.ticks, level, totals_.live_blocks});
}

void HeapAccounts::note_snapshot(std::uint64_t ticks, std::string name) {
  snapshots_.push_back({ticks, std::move(name), totals_.live_bytes, totals_.live_blocks});
}

void HeapAccounts::finish(std::uint64_t ticks) {
  for (SiteAccount& site : sites_) {
    site.share.settle(epoch_);
    site.sizes.flush();
  }
  for (ThreadAccount& thread : threads_) thread.share.settle(epoch_);
  scope_log_.finish(ticks, [this](std::uint32_t thread) { return threads_[thread].flow(); });
  points_ = timeline_.finish(ticks, totals_.live_bytes, totals_.allocations);
}

}  // namespace memprof::collect
