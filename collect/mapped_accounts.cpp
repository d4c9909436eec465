#include "collect/mapped_accounts.hpp"

#include <algorithm>

#include "collect/lifetime_buckets.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint64_t kAddressSpace = std::uint64_t{1} << 57;  // with five levels of page tables

}  // namespace

bool MappedAccounts::apply(const MappedEvent& event) {
  using wire::Operation;
  // Of a call that failed the size may be anything.
  const bool succeeded = event.operation == Operation::kAlloc || event.operation == Operation::kReallocEnd;
  if (event.address > kAddressSpace || (succeeded && event.size > kAddressSpace - event.address)) return false;
  if (pieces_.size() >= kMostPieces) return false;
  switch (event.operation) {
    case Operation::kAlloc:
      map(event);
      break;
    case Operation::kFree:
      unmap(event);
      break;
    case Operation::kAllocFail:
      fail(event);
      break;
    case Operation::kReallocBegin: {
      std::vector<Cuts>& begun = ring(event.ring).begun;
      if (begun.size() >= kMostBegun) {
        put_back(begun.front());
        begun.erase(begun.begin());
      }
      begun.push_back(cut(event));
      return true;  // counts when its end is here
    }
    case Operation::kReallocEnd:
    case Operation::kReallocFail:
      if (!end_move(event)) return false;
      break;
    default:
      return false;
  }
  look_at_level(event);
  return true;
}

bool MappedAccounts::end_move(const MappedEvent& event) {
  Ring& own = ring(event.ring);
  const bool failed = event.operation == wire::Operation::kReallocFail;
  if (failed && event.hook != wire::Hook::kMremap) {
    if (own.freed_by.address != event.address) return false;
    undo_release(own.freed, own.freed_by);
    own.freed.clear();
    return true;
  }
  if (own.begun.empty()) return false;
  Cuts cuts = std::move(own.begun.back());
  own.begun.pop_back();
  if (failed) cuts = put_back(cuts);
  release(cuts, event);
  if (failed) {
    fail(event);
  } else {
    map(event);
  }
  return true;
}

void MappedAccounts::map(const MappedEvent& event) {
  Cuts replaced = cut(event);
  release(replaced, event);
  if (event.size == 0) return;
  const std::uint32_t row = row_of(event.site);
  pieces_[event.address] = {event.address + event.size, new_mapping(event.size, event.ticks, row)};

  ++totals_.allocations;
  totals_.allocated_bytes += event.size;
  ++totals_.live_blocks;
  totals_.live_bytes += event.size;
  SiteAccount& site = settled(row);
  ++site.allocations.share.live_blocks;
  site.allocations.share.live_bytes += event.size;
  site.allocations.count(event.size, event.hook, site.history);
}

void MappedAccounts::unmap(const MappedEvent& event) {
  Ring& own = ring(event.ring);
  own.freed_by = event;
  own.freed = cut(event);
  release(own.freed, event);
}

void MappedAccounts::fail(const MappedEvent& event) {
  ++totals_.failed_allocations;
  SiteAccount& site = account(row_of(event.site));
  ++site.frees.failed_allocations;
  if (site.allocation_count() == 0) site.history.hook = event.hook;
}

MappedAccounts::Cuts MappedAccounts::cut(const MappedEvent& event) {
  Cuts cuts;
  const std::uint64_t start = event.address, end = start + std::min(event.size, kAddressSpace - start);
  if (start >= end) return cuts;
  auto piece = pieces_.lower_bound(start);
  if (piece != pieces_.begin() && std::prev(piece)->second.end > start) {
    auto& [left_end, mapping] = std::prev(piece)->second;
    piece = pieces_.insert(piece, {start, {left_end, mapping}});
    left_end = start;
  }
  while (piece != pieces_.end() && piece->first < end) {
    const auto [piece_end, mapping] = piece->second;
    if (piece_end > end) pieces_.insert(std::next(piece), {end, {piece_end, mapping}});
    cuts.push_back({piece->first, std::min(piece_end, end), mapping, mappings_[mapping].serial});
    piece = pieces_.erase(piece);
  }
  return cuts;
}

void MappedAccounts::release(Cuts& cuts, const MappedEvent& event) {
  if (cuts.empty()) return;
  SiteAccount& here = account(row_of(event.site));
  if (here.events() == 0 && here.frees.freed_bytes == 0) here.history.hook = event.hook;
  for (Cut& cut : cuts) {
    const std::uint64_t bytes = cut.end - cut.start;
    Mapping& mapping = mappings_[cut.mapping];
    SiteAccount& born_at = settled(mapping.site);
    mapping.bytes -= bytes;
    born_at.allocations.share.live_bytes -= bytes;
    here.frees.freed_bytes += bytes;
    totals_.freed_bytes += bytes;
    totals_.live_bytes -= bytes;
    if (mapping.bytes != 0) continue;
    --born_at.allocations.share.live_blocks;
    ++here.frees.frees;
    ++totals_.frees;
    --totals_.live_blocks;
    const std::uint64_t ticks = event.ticks > mapping.birth ? event.ticks - mapping.birth : 0;
    born_at.history.lifetimes.add(LifetimeBuckets::computed(ticks, ns_per_tick_));
    cut.was_last = true;
    cut.former = mapping;
    mapping.serial = 0;
    unused_mappings_.push_back(cut.mapping);
  }
}

void MappedAccounts::undo_release(Cuts& cuts, const MappedEvent& event) {
  if (cuts.empty()) return;
  SiteAccount& here = account(row_of(event.site));
  std::unordered_map<std::uint64_t, std::uint32_t> revived;  // by serial
  Cuts restored;
  // Backwards, so that the last piece of a mapping comes first and brings it back to life.
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    if (cut->was_last) {
      revived[cut->serial] = new_mapping(0, cut->former.birth, cut->former.site);
      ++settled(cut->former.site).allocations.share.live_blocks;
      --here.frees.frees;
      --totals_.frees;
      ++totals_.live_blocks;
    }
    const auto again = revived.find(cut->serial);
    if (again != revived.end()) {
      cut->mapping = again->second;
    } else if (mappings_[cut->mapping].serial != cut->serial) {
      continue;  // another thread has unmapped the rest since
    }
    const std::uint64_t bytes = cut->end - cut->start;
    Mapping& mapping = mappings_[cut->mapping];
    mapping.bytes += bytes;
    settled(mapping.site).allocations.share.live_bytes += bytes;
    here.frees.freed_bytes -= bytes;
    totals_.freed_bytes -= bytes;
    totals_.live_bytes += bytes;
    restored.push_back({cut->start, cut->end, cut->mapping, mapping.serial});
  }
  Cuts taken = put_back(restored);
  release(taken, event);
}

MappedAccounts::Cuts MappedAccounts::put_back(const Cuts& cuts) {
  Cuts taken;
  for (const Cut& cut : cuts) {
    std::uint64_t at = cut.start;
    auto next = pieces_.upper_bound(at);
    if (next != pieces_.begin() && std::prev(next)->second.end > at) --next;
    while (at < cut.end) {
      const std::uint64_t gap_end = next == pieces_.end() ? cut.end : std::clamp(next->first, at, cut.end);
      if (gap_end > at) pieces_.insert(next, {at, {gap_end, cut.mapping}});
      at = gap_end;
      if (at == cut.end) break;
      const std::uint64_t taken_end = std::min(next->second.end, cut.end);
      taken.push_back({at, taken_end, cut.mapping, cut.serial});
      at = taken_end;
      ++next;
    }
  }
  return taken;
}

void MappedAccounts::drop_begun(std::uint32_t index) {
  if (index >= rings_.size()) return;
  for (const Cuts& cuts : rings_[index].begun) put_back(cuts);
  rings_[index] = {};
}

void MappedAccounts::look_at_level(const MappedEvent& event) {
  const std::uint64_t level = totals_.live_bytes;
  if (level > totals_.peak_bytes) {
    totals_.peak_bytes = level;
    totals_.peak_blocks = totals_.live_blocks;
    peak_ticks_ = event.ticks;
    ++epoch_;
  }
  const auto row = row_of_site_.find(event.site);
  if (row == row_of_site_.end()) return;
  std::uint64_t& highest = account(row->second).frees.highest_heap;
  highest = std::max(highest, level);
}

void MappedAccounts::finish() {
  for (Site& site : sites_) {
    site.account.allocations.share.settle(epoch_);
    site.account.allocations.carry(site.account.history);
  }
}

std::vector<MappedAccounts::Range> MappedAccounts::ranges() const {
  std::vector<Range> ranges;
  for (const auto& [start, piece] : pieces_) {
    if (!ranges.empty() && ranges.back().end == start) {
      ranges.back().end = piece.end;
    } else {
      ranges.push_back({start, piece.end});
    }
  }
  return ranges;
}

std::uint32_t MappedAccounts::row_of(std::uint32_t site) {
  const auto [row, added] = row_of_site_.try_emplace(site, static_cast<std::uint32_t>(sites_.size()));
  if (added) sites_.push_back({site, {}});
  return row->second;
}

std::uint32_t MappedAccounts::new_mapping(std::uint64_t bytes, std::uint64_t birth, std::uint32_t row) {
  if (unused_mappings_.empty()) {
    mappings_.emplace_back();
    unused_mappings_.push_back(static_cast<std::uint32_t>(mappings_.size() - 1));
  }
  const std::uint32_t index = unused_mappings_.back();
  unused_mappings_.pop_back();
  mappings_[index] = {++last_serial_, bytes, birth, row};
  return index;
}

MappedAccounts::Ring& MappedAccounts::ring(std::uint32_t index) {
  if (index >= rings_.size()) rings_.resize(index + 1);
  return rings_[index];
}

}  // namespace memprof::collect
