#include "collect/session_tree.hpp"

#include <algorithm>
#include <utility>

#include "collect/session_process.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kLongestCommand = 4096;  // bytes; an index may have to name thousands of processes
constexpr int kMostAncestors = 16;             // processes in a row that memprof may not have met

void cut_command(std::vector<std::string>& command) {
  std::size_t left = kLongestCommand;
  std::size_t kept = 0;
  for (; kept < command.size() && left > 0; ++kept) {
    if (command[kept].size() >= left) command[kept].resize(left);
    left -= std::min(left, command[kept].size() + 1);
  }
  command.resize(kept);
}

}  // namespace

SessionTree::Row SessionTree::begin(const Process& process, pid_t forked_from, std::optional<Row> replaced) {
  const auto row = static_cast<Row>(tree_.processes.size());
  TreeProcess entry;
  entry.process = process;
  cut_command(entry.process.command);
  if (replaced) {
    entry.replaced = *replaced;
    entry.parent = tree_.processes[*replaced].parent;
  } else {
    entry.parent = find_parent(process, forked_from);
  }
  tree_.processes.push_back(std::move(entry));
  latest_[process.pid] = row;
  return row;
}

void SessionTree::record(Row row) { heap_.join(row, now()); }

void SessionTree::leave_out(Row row, const std::string& reason) {
  tree_.processes[row].recorded = false;
  tree_.processes[row].unrecorded_reason = reason;
}

void SessionTree::end(Row row, const Process& process, const CapturedProcess* captured, std::uint64_t gone) {
  TreeProcess& entry = tree_.processes[row];
  entry.process.duration_s = process.duration_s;
  entry.process.end_kind = process.end_kind;
  entry.process.end_value = process.end_value;
  if (captured == nullptr) return;
  heap_.leave(row, gone);
  entry.complete = captured->capture.complete;
  entry.allocations = captured->totals.allocations;
  entry.frees = captured->totals.frees;
  entry.allocated_bytes = captured->totals.allocated_bytes;
  entry.live_bytes = captured->totals.live_bytes;
  entry.peak_bytes = captured->totals.peak_bytes;
  entry.peak_time_s = captured->totals.peak_time_s;
}

ProcessTree SessionTree::take() {
  const TreeHeap::Peak peak = heap_.finish();
  tree_.peak_bytes = peak.bytes;
  tree_.peak_blocks = peak.blocks;
  tree_.least_peak_bytes = peak.least_bytes;
  tree_.peak_exact = peak.exact;
  tree_.peak_time_s = peak.ticks > clock_.base() ? clock_.seconds(peak.ticks - clock_.base()) : 0;
  for (std::size_t row = 0; row < std::min(peak.shares.size(), tree_.processes.size()); ++row) {
    tree_.processes[row].tree_peak_bytes = peak.shares[row];
  }
  return std::move(tree_);
}

std::uint32_t SessionTree::row_of(pid_t pid) const {
  const auto found = latest_.find(pid);
  return found == latest_.end() ? kNoIndex : found->second;
}

/// A parent may be a process that had no event of its own, and so is not known; a daemon's is the first process of all.
std::uint32_t SessionTree::find_parent(const Process& process, pid_t forked_from) const {
  pid_t pid = process.parent_pid;
  for (int i = 0; i < kMostAncestors && pid > 1; ++i) {
    if (const std::uint32_t row = row_of(pid); row != kNoIndex) return row;
    pid = parent_of(pid);
  }
  return row_of(forked_from);
}

}  // namespace memprof::collect
