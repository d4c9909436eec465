#pragma once
// What lived at each memprof_tick() of the program, by site: the evidence that tells a leak from a cache that fills.
//
// Kept as changes from tick to tick, so that a site whose live figures stay costs nothing. When there are kMaxTicks
// rows, the first of each two goes and its changes are added to the other's; from then on only every second, fourth, …
// call makes a row. What one row stands for is stride() calls.

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::collect {

class TickLog {
 public:
  static constexpr std::uint32_t kMaxTicks = 1024;  ///< even

  struct Row {
    std::uint64_t ticks;  ///< clock
    std::uint64_t live_bytes, live_blocks, allocations;
  };

  /// Whether changes have to be noted: true from the first call on.
  bool active() const { return stride_ != 0; }

  /// The figures of a site are about to change. Call for every change once active().
  void note(std::uint32_t site, std::uint64_t live_blocks, std::uint64_t live_bytes);

  /// The program called memprof_tick(). `live` tells (site) its present {blocks, bytes}; `site_count` of them exist.
  template <typename Live>
  void tick(const Row& row, std::uint32_t site_count, const Live& live) {
    if (!begin(row, site_count)) return;
    for (const std::uint32_t site : touched_) {
      const auto [blocks, bytes] = live(site);
      end_site(site, blocks, bytes);
    }
    finish_row();
  }

  std::uint32_t stride() const { return stride_; }  ///< 0: never ticked
  const std::vector<Row>& rows() const { return rows_; }
  const std::vector<TickChange>& changes() const {
    return changes_;
  }  ///< by tick, then site; site indices of the engine

 private:
  struct Before {
    std::uint32_t row = 0;  ///< number of rows + 1 when `blocks` and `bytes` were stored; 0: never
    std::uint64_t blocks = 0, bytes = 0;
  };

  /// False: this call makes no row.
  bool begin(const Row& row, std::uint32_t site_count);
  void end_site(std::uint32_t site, std::uint64_t blocks, std::uint64_t bytes);
  void finish_row();
  void halve();
  std::uint32_t present_row() const { return static_cast<std::uint32_t>(rows_.size()) + 1; }

  std::uint32_t stride_ = 0;
  std::uint64_t calls_ = 0;
  std::vector<Row> rows_;
  std::vector<TickChange> changes_;
  std::vector<Before> before_;          ///< by site: its figures at the last row, where it changed since
  std::vector<std::uint32_t> touched_;  ///< sites that changed since the last row
};

}  // namespace memprof::collect
