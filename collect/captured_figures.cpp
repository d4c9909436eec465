#include "collect/captured_figures.hpp"

#include <algorithm>

#include "collect/hook_names.hpp"

namespace memprof::collect {
namespace {

Site site_with(const SiteAllocations& allocations, const SiteFrees& frees, const SiteHistory& history,
               wire::StackId stack) {
  Site site;
  site.stack = stack;
  site.hook = static_cast<StringIndex>(history.hook);
  site.allocations = history.allocations;
  site.allocated_bytes = history.allocated_bytes;
  site.live_blocks = allocations.share.live_blocks;
  site.live_bytes = allocations.share.live_bytes;
  site.peak_blocks = allocations.share.peak_blocks;
  site.peak_bytes = allocations.share.peak_bytes;
  site.temporary_allocations = history.temporary_allocations;
  site.failed_allocations = frees.failed_allocations;
  site.min_size = history.min_size;
  site.max_size = history.max_size;
  site.size_divisor = history.size_divisor;
  site.frees = frees.frees;
  site.freed_bytes = frees.freed_bytes;
  site.highest_heap = std::max(allocations.highest_heap, frees.highest_heap);
  site.size_histogram = history.sizes.sparse();
  site.lifetime_histogram = history.lifetimes.sparse();
  return site;
}

void take_uses(const BookedFigures& booked, const StackTree& tree, CapturedProcess& captured) {
  const SiteAccounts& sites = booked.accounts.sites();
  captured.sites_to_come.reserve(sites.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::uint64_t events = sites.events(i);
    if (events == 0) continue;  // only frees of unknown blocks, or a realloc without its end
    const wire::StackId stack = booked.stacks[i];
    const wire::StackId root = tree.roots[stack];
    if (root == wire::kRootLost) captured.capture.lost_stacks += events;
    if (root == wire::kRootCutDepth || root == wire::kRootCutUnwind) {
      captured.capture.truncated_stacks += events;
    }
    captured.sites_to_come.push_back({stack, sites.histories[i].allocations != 0});
  }
}

void take_mapped(const BookedFigures& booked, const TickClock& clock, CapturedProcess& captured) {
  const MappedAccounts& mapped = booked.mapped;
  captured.mapped_totals = mapped.totals();
  captured.mapped_totals.peak_time_s = clock.seconds(mapped.peak_ticks());
  for (const MappedAccounts::Site& site : mapped.sites()) {
    // A stack may have unmapped no more than parts of mappings.
    const auto& [allocations, frees, history] = site.account;
    if (site.account.events() == 0 && frees.freed_bytes == 0) continue;
    captured.mapped_sites.push_back(site_with(allocations, frees, history, booked.stacks[site.index]));
  }
}

void take_ticks(const TickLog& log, const TickClock& clock, CapturedProcess& captured) {
  captured.capture.tick_stride = log.stride();
  for (const TickLog::Row& row : log.rows()) {
    captured.ticks.push_back({clock.seconds(row.ticks), row.live_bytes, row.live_blocks, row.allocations});
  }
}

void take_threads(const BookedFigures& booked, CapturedProcess& captured) {
  const ThreadTable& threads = booked.threads;
  const auto& accounts_of = booked.accounts.threads();
  for (std::size_t i = 0; i < accounts_of.size(); ++i) {
    const ThreadAccount& account = accounts_of[i];
    Thread& thread = captured.threads.emplace_back();
    thread.tid = static_cast<std::int32_t>(threads.tid(i));
    thread.name = static_cast<StringIndex>(i);
    captured.thread_names.push_back(threads.name(i));
    thread.allocations = account.allocations;
    thread.allocated_bytes = account.allocated_bytes;
    thread.frees = account.frees;
    thread.freed_bytes = account.freed_bytes;
    thread.live_blocks = account.share.live_blocks;
    thread.live_bytes = account.share.live_bytes;
    thread.peak_blocks = account.share.peak_blocks;
    thread.peak_bytes = account.share.peak_bytes;
    thread.temporary_allocations = account.temporary_allocations;
  }
}

void take_scopes(const BookedFigures& booked, const TickClock& clock, CapturedProcess& captured) {
  const ScopeLog& log = booked.accounts.scope_log();
  // One rate for all, so that rounding keeps the order of the calls.
  const double seconds_per_tick = clock.seconds(std::uint64_t{1} << 40) / static_cast<double>(std::uint64_t{1} << 40);
  const auto seconds = [&](std::uint64_t ticks) { return static_cast<double>(ticks) * seconds_per_tick; };
  captured.scope_names = booked.texts;
  for (const ScopeLog::Row& row : log.rows()) {
    Scope& scope = captured.scopes.emplace_back();
    scope.name = row.name;
    scope.parent = row.parent;
    scope.thread = row.thread;
    scope.calls = row.calls;
    scope.unended_calls = row.unended_calls;
    scope.duration_s = seconds(row.ticks);
    scope.allocations = row.flow.allocations;
    scope.allocated_bytes = row.flow.allocated_bytes;
    scope.frees = row.flow.frees;
    scope.freed_bytes = row.flow.freed_bytes;
    scope.peak_bytes = row.peak_bytes;
  }
  for (const ScopeLog::Call& call : log.calls()) {
    captured.scope_calls.push_back(
        {call.row, seconds(call.begin), seconds(call.end), call.net_bytes, call.peak_bytes, call.highest_heap});
  }
}

}  // namespace

void take_figures(const BookedFigures& booked, const StackTree& tree, const TickClock& clock,
                  CapturedProcess& captured) {
  const HeapAccounts& accounts = booked.accounts;
  captured.totals = accounts.totals();
  captured.totals.peak_time_s = clock.seconds(accounts.peak_ticks());
  captured.capture.missed_frees = accounts.missed_frees();
  captured.hook_names = hook_names();
  take_uses(booked, tree, captured);
  take_ticks(accounts.tick_log(), clock, captured);
  take_threads(booked, captured);
  take_mapped(booked, clock, captured);
  take_scopes(booked, clock, captured);
  for (const SnapshotPoint& point : accounts.snapshots()) {
    const auto name = static_cast<StringIndex>(captured.snapshot_names.size());
    captured.snapshot_names.push_back(point.name);
    captured.snapshots.push_back({clock.seconds(point.ticks), name, point.live_bytes, point.live_blocks});
  }
  for (const Timeline::Point& point : accounts.points()) {
    captured.timeline.push_back(
        {clock.seconds(point.ticks), point.live_bytes, point.highest_bytes, point.rss_bytes, point.allocations});
  }
}

SiteFigures take_sites(const BookedFigures& booked) {
  const SiteAccounts& accounts = booked.accounts.sites();
  SiteFigures figures;
  figures.sites.reserve(accounts.size());
  std::vector<std::uint32_t> rows(accounts.size(), kNoIndex);
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    if (accounts.events(i) == 0) continue;
    rows[i] = static_cast<std::uint32_t>(figures.sites.size());
    figures.sites.push_back(
        site_with(accounts.allocations[i], accounts.frees[i], accounts.histories[i], booked.stacks[i]));
  }
  for (TickChange change : booked.accounts.tick_log().changes()) {
    change.site = rows[change.site];  // what lived was allocated, so it has a row
    figures.tick_changes.push_back(change);
  }
  return figures;
}

}  // namespace memprof::collect
