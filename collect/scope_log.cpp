#include "collect/scope_log.hpp"

#include <algorithm>

namespace memprof::collect {

void ScopeLog::begin(std::uint32_t thread, std::uint32_t name, std::uint64_t ticks, const ThreadFlow& now) {
  if (thread >= open_.size()) open_.resize(thread + 1);
  std::vector<Open>& open = open_[thread];
  const std::uint32_t parent = open.empty() ? kNoRow : open.back().row;
  const bool inside_unlisted = !open.empty() && parent == kNoRow;
  const std::uint32_t row = inside_unlisted || open.size() >= kMaxDepth ? kNoRow : row_of(thread, parent, name);
  open.push_back({row, name, ticks, now, now.net_bytes(), 0});
  ++open_count_;
}

std::uint32_t ScopeLog::row_of(std::uint32_t thread, std::uint32_t parent, std::uint32_t name) {
  const auto known = index_.find({thread, parent, name});
  if (known != index_.end()) return known->second;
  if (rows_.size() >= kMaxRows) return kNoRow;
  const auto row = static_cast<std::uint32_t>(rows_.size());
  index_.emplace(std::tuple(thread, parent, name), row);
  Row& made = rows_.emplace_back();
  made.parent = parent;
  made.name = name;
  made.thread = thread;
  return row;
}

void ScopeLog::end(std::uint32_t thread, std::uint32_t name, std::uint64_t ticks, const ThreadFlow& now) {
  if (thread >= open_.size()) return;
  std::vector<Open>& open = open_[thread];
  const auto named = std::find_if(open.rbegin(), open.rend(), [&](const Open& scope) { return scope.name == name; });
  if (named == open.rend()) return;
  const auto left = static_cast<std::size_t>(open.rend() - named) - 1;
  while (open.size() > left) close(thread, ticks, now, false);
}

void ScopeLog::end_all(std::uint32_t thread, std::uint64_t ticks, const ThreadFlow& now) {
  if (thread >= open_.size()) return;
  while (!open_[thread].empty()) close(thread, ticks, now, false);
}

void ScopeLog::note(std::uint32_t thread, std::int64_t net_bytes, std::uint64_t heap) {
  if (thread >= open_.size() || open_[thread].empty()) return;
  Open& innermost = open_[thread].back();
  innermost.highest_net = std::max(innermost.highest_net, net_bytes);
  innermost.highest_heap = std::max(innermost.highest_heap, heap);
}

void ScopeLog::close(std::uint32_t thread, std::uint64_t ticks, const ThreadFlow& now, bool unended) {
  std::vector<Open>& open = open_[thread];
  const Open scope = open.back();
  open.pop_back();
  --open_count_;
  if (!open.empty()) {
    open.back().highest_net = std::max(open.back().highest_net, scope.highest_net);
    open.back().highest_heap = std::max(open.back().highest_heap, scope.highest_heap);
  }
  if (scope.row == kNoRow) return;
  Row& row = rows_[scope.row];
  const std::uint64_t end = std::max(ticks, scope.begin);
  const auto peak = static_cast<std::uint64_t>(scope.highest_net - scope.before.net_bytes());
  ++row.calls;
  if (unended) ++row.unended_calls;
  row.ticks += end - scope.begin;
  row.flow.allocations += now.allocations - scope.before.allocations;
  row.flow.allocated_bytes += now.allocated_bytes - scope.before.allocated_bytes;
  row.flow.frees += now.frees - scope.before.frees;
  row.flow.freed_bytes += now.freed_bytes - scope.before.freed_bytes;
  row.peak_bytes = std::max(row.peak_bytes, peak);
  calls_.push_back({scope.row, scope.begin, end, now.net_bytes() - scope.before.net_bytes(), peak, scope.highest_heap});
  if (calls_.size() >= 2 * kMaxCalls) keep_longest_calls();
}

void ScopeLog::keep_longest_calls() {
  if (calls_.size() <= kMaxCalls) return;
  const auto longer = [](const Call& a, const Call& b) { return a.end - a.begin > b.end - b.begin; };
  std::nth_element(calls_.begin(), calls_.begin() + kMaxCalls, calls_.end(), longer);
  calls_.resize(kMaxCalls);
}

void ScopeLog::sort_calls() {
  keep_longest_calls();
  std::sort(calls_.begin(), calls_.end(), [](const Call& a, const Call& b) {
    return std::tuple(a.begin, a.row) < std::tuple(b.begin, b.row);  // a scope before those inside it
  });
}

}  // namespace memprof::collect
