#include "collect/tick_log.hpp"

#include <algorithm>
#include <utility>

namespace memprof::collect {

void TickLog::note(std::uint32_t site, std::uint64_t live_blocks, std::uint64_t live_bytes) {
  if (site >= before_.size()) before_.resize(site + 1);
  Before& before = before_[site];
  if (before.row == present_row()) return;
  before = {present_row(), live_blocks, live_bytes};
  touched_.push_back(site);
}

bool TickLog::begin(const Row& row, std::uint32_t site_count) {
  if (stride_ == 0) {  // the first: everything since the start is its change
    stride_ = 1;
    before_.assign(site_count, Before{1, 0, 0});
    for (std::uint32_t site = 0; site < site_count; ++site) touched_.push_back(site);
  }
  if (++calls_ % stride_ != 0) return false;
  rows_.push_back(row);
  std::sort(touched_.begin(), touched_.end());
  return true;
}

void TickLog::end_site(std::uint32_t site, std::uint64_t blocks, std::uint64_t bytes) {
  const Before& before = before_[site];
  if (blocks == before.blocks && bytes == before.bytes) return;
  changes_.push_back({static_cast<std::uint32_t>(rows_.size() - 1), site,
                      static_cast<std::int64_t>(blocks - before.blocks),
                      static_cast<std::int64_t>(bytes - before.bytes)});
}

void TickLog::finish_row() {
  touched_.clear();
  if (rows_.size() == kMaxTicks) halve();
}

void TickLog::halve() {
  std::vector<Row> rows;
  for (std::size_t i = 1; i < rows_.size(); i += 2) rows.push_back(rows_[i]);
  for (TickChange& change : changes_) change.tick /= 2;
  std::sort(changes_.begin(), changes_.end(), [](const TickChange& a, const TickChange& b) {
    return std::pair(a.tick, a.site) < std::pair(b.tick, b.site);
  });
  std::vector<TickChange> merged;
  for (const TickChange& change : changes_) {
    if (!merged.empty() && merged.back().tick == change.tick && merged.back().site == change.site) {
      merged.back().live_blocks += change.live_blocks;
      merged.back().live_bytes += change.live_bytes;
    } else {
      merged.push_back(change);
    }
  }
  std::erase_if(merged, [](const TickChange& change) { return change.live_blocks == 0 && change.live_bytes == 0; });
  rows_ = std::move(rows);
  changes_ = std::move(merged);
  stride_ *= 2;
  for (Before& before : before_) before.row = 0;  // rows are numbered anew
}

}  // namespace memprof::collect
