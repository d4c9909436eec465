#include "collect/heap_accounts.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace memprof::collect {
namespace {

/// Room for these is taken at once: 50 MiB of addresses, but no memory as long as nobody writes there. Making room anew
/// takes memory anew from the kernel and copies, 12 ms for 100,000 sites, while rings fill up.
constexpr std::size_t kUsualSites = std::size_t{1} << 18;

/// Where nothing was.
bool is_usual_allocation(const Event& event) {
  return event.operation == wire::Operation::kAlloc && !event.found && !event.unrecorded;
}
/// Of a block that counts.
bool is_usual_free(const Event& event) {
  return event.operation == wire::Operation::kFree && event.found && event.block.site != kUnrecordedSite;
}

}  // namespace

HeapAccounts::HeapAccounts(double ns_per_tick, std::uint64_t timeline_interval)
    : lifetime_buckets_(ns_per_tick), timeline_(timeline_interval) {
  try {
    sites_.reserve(kUsualSites);
  } catch (const std::bad_alloc&) {
    // Addresses are limited: then room is made as it is needed.
  }
}

void HeapAccounts::apply(std::span<const Event> events, const Relocations& relocations, std::size_t site_count,
                         std::size_t thread_count) {
  if (sites_.size() < site_count) sites_.resize(site_count);
  if (threads_.size() < thread_count) threads_.resize(thread_count);
  highest_step_ = {};
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!is_watched()) i = apply_usual(events, i);
    if (i == events.size()) return;
    const Event& event = events[i];
    if (event.ticks >= timeline_.due()) timeline_.cross(event.ticks, totals_.live_bytes, totals_.allocations);
    apply_one(event, relocations);
  }
}

std::size_t HeapAccounts::apply_usual(std::span<const Event> events, std::size_t begin) {
  const std::uint64_t due = timeline_.due();
  Level now{totals_.live_bytes, totals_.live_blocks, totals_.peak_bytes, epoch_, {}};
  std::size_t i = begin;
  for (; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.ticks >= due) break;
    if (is_usual_allocation(event)) {
      book_allocation(event, now);
    } else if (is_usual_free(event)) {
      book_free(event, now);
    } else {
      break;
    }
    if (now.live_bytes >= now.highest.live_bytes) now.highest = {event.ticks, now.live_bytes, now.live_blocks};
    if (steps_ != nullptr) steps_->push_back({event.ticks, now.live_bytes, now.live_blocks});
  }
  if (i == begin) return i;
  totals_.live_bytes = now.live_bytes;
  totals_.live_blocks = now.live_blocks;
  totals_.peak_bytes = now.peak_bytes;
  totals_.frees = totals_.allocations - totals_.live_blocks;
  totals_.freed_bytes = totals_.allocated_bytes - totals_.live_bytes;
  epoch_ = now.epoch;
  events_ += i - begin;
  note_level(now.highest);
  return i;
}

[[gnu::always_inline]] inline void HeapAccounts::book_allocation(const Event& event, Level& now) {
  ++now.live_blocks;
  now.live_bytes += event.size;
  ++totals_.allocations;
  totals_.allocated_bytes += event.size;

  SiteAllocations& site = sites_.allocations[event.site];
  site.share.settle(now.epoch);
  ++site.share.live_blocks;
  site.share.live_bytes += event.size;
  site.count(event.size, event.hook, sites_.histories[event.site]);
  site.highest_heap = std::max(site.highest_heap, now.live_bytes);

  ThreadAccount& thread = threads_[event.thread];
  thread.share.settle(now.epoch);
  ++thread.share.live_blocks;
  thread.share.live_bytes += event.size;
  ++thread.allocations;
  thread.allocated_bytes += event.size;
  thread.latest_address = event.address;

  if (now.live_bytes > now.peak_bytes) {
    now.peak_bytes = now.live_bytes;
    totals_.peak_blocks = now.live_blocks;
    peak_ticks_ = event.ticks;
    ++now.epoch;
  }
}

[[gnu::always_inline]] inline void HeapAccounts::book_free(const Event& event, Level& now) {
  const Block& block = event.block;
  --now.live_blocks;
  now.live_bytes -= block.size;

  SiteAllocations& born_at = sites_.allocations[block.site];
  born_at.share.settle(now.epoch);
  --born_at.share.live_blocks;
  born_at.share.live_bytes -= block.size;
  const std::uint64_t lifetime = event.ticks > block.birth ? event.ticks - block.birth : 0;
  born_at.add_lifetime(lifetime_buckets_(lifetime), sites_.histories[block.site]);

  ThreadAccount& owner = threads_[block.thread];
  owner.share.settle(now.epoch);
  --owner.share.live_blocks;
  owner.share.live_bytes -= block.size;
  ThreadAccount& thread = threads_[event.thread];
  ++thread.frees;
  thread.freed_bytes += block.size;
  if (thread.latest_address == event.address && block.thread == event.thread) {
    thread.latest_address = 0;
    ++thread.temporary_allocations;
    ++born_at.temporary;
    ++totals_.temporary_allocations;
  }

  SiteFrees& site = sites_.frees[event.site];
  if (site.frees == 0) note_first_free(event);
  ++site.frees;
  site.freed_bytes += block.size;
  site.highest_heap = std::max(site.highest_heap, now.live_bytes);
}

void HeapAccounts::note_first_free(const Event& event) {
  if (sites_.events(event.site) == 0) sites_.histories[event.site].hook = event.hook;
}

/// The highest live heap since the last call.
void HeapAccounts::note_level(const TreeHeap::Step& highest) {
  traced_peak_bytes_ = std::max(traced_peak_bytes_, highest.live_bytes);
  timeline_.note(highest.live_bytes);
  if (highest.live_bytes >= highest_step_.live_bytes) highest_step_ = highest;
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

  SiteAllocations& site = settled(event.site);
  ++site.share.live_blocks;
  site.share.live_bytes += event.size;
  site.count(event.size, event.hook, sites_.histories[event.site]);

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
  ++sites_.frees[event.site].failed_allocations;
  SiteHistory& history = sites_.histories[event.site];
  if (history.allocations == 0 && sites_.allocations[event.site].run == 0) history.hook = event.hook;
}

/// Not for blocks of a paused thread, which no figure has counted.
void HeapAccounts::take_out(const Block& block) {
  ++totals_.frees;
  totals_.freed_bytes += block.size;
  --totals_.live_blocks;
  totals_.live_bytes -= block.size;

  SiteAllocations& site = settled(block.site);
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

  SiteAllocations& born_at = sites_.allocations[block.site];
  const std::uint64_t lifetime = event.ticks > block.birth ? event.ticks - block.birth : 0;
  born_at.add_lifetime(lifetime_buckets_(lifetime), sites_.histories[block.site]);

  ThreadAccount& thread = threads_[event.thread];
  if (thread.latest_address == address && block.thread == event.thread) {
    thread.latest_address = 0;
    ++thread.temporary_allocations;
    ++born_at.temporary;
    ++totals_.temporary_allocations;
  }
  ++thread.frees;
  thread.freed_bytes += block.size;

  SiteFrees& site = sites_.frees[event.site];
  if (site.frees == 0) note_first_free(event);
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
  tick_log_.tick({ticks, totals_.live_bytes, totals_.live_blocks, totals_.allocations},
                 static_cast<std::uint32_t>(sites_.size()), [this](std::uint32_t site) {
                   const auto& share = sites_.allocations[site].share;
                   return std::pair<std::uint64_t, std::uint64_t>(share.live_blocks, share.live_bytes);
                 });
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
  note_level({event.ticks, level, totals_.live_blocks});
  if (scope_log_.any_open()) scope_log_.note(event.thread, threads_[event.thread].flow().net_bytes(), level);
  SiteFrees& site = sites_.frees[event.site];
  site.highest_heap = std::max(site.highest_heap, level);
  if (steps_ != nullptr) steps_->push_back({event.ticks, level, totals_.live_blocks});
}

void HeapAccounts::note_snapshot(std::uint64_t ticks, std::string name) {
  snapshots_.push_back({ticks, std::move(name), totals_.live_bytes, totals_.live_blocks});
}

void HeapAccounts::finish(std::uint64_t ticks) {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    sites_.allocations[i].share.settle(epoch_);
    sites_.allocations[i].carry(sites_.histories[i]);
  }
  for (ThreadAccount& thread : threads_) thread.share.settle(epoch_);
  scope_log_.finish(ticks, [this](std::uint32_t thread) { return threads_[thread].flow(); });
  points_ = timeline_.finish(ticks, totals_.live_bytes, totals_.allocations);
}

}  // namespace memprof::collect
