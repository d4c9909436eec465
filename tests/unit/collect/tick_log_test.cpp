#include "collect/tick_log.hpp"

#include <map>
#include <random>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

/// A heap of some sites whose figures the test sets by hand.
struct Heap {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> live;
  TickLog log;

  explicit Heap(std::size_t sites) : live(sites) {}

  void set(std::uint32_t site, std::uint64_t blocks) {
    if (log.active()) log.note(site, live[site].first, live[site].second);
    live[site] = {blocks, blocks * 16};
  }
  void tick(std::uint64_t ticks) {
    log.tick({ticks, 0, 0, 0}, static_cast<std::uint32_t>(live.size()), [this](std::uint32_t s) { return live[s]; });
  }
  /// By the log: blocks of each site at each row.
  std::vector<std::vector<std::int64_t>> replay() const {
    std::vector<std::vector<std::int64_t>> rows(log.rows().size(), std::vector<std::int64_t>(live.size()));
    std::size_t next = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (row > 0) rows[row] = rows[row - 1];
      for (; next < log.changes().size() && log.changes()[next].tick == row; ++next) {
        const TickChange& change = log.changes()[next];
        rows[row][change.site] += change.live_blocks;
        CHECK(change.live_bytes == change.live_blocks * 16);
      }
    }
    CHECK(next == log.changes().size());
    return rows;
  }
};

TEST_CASE("the first tick tells all that lives, later ones only what changed") {
  Heap heap(3);
  heap.set(0, 5);
  heap.set(2, 1);
  heap.tick(10);
  heap.set(2, 2);
  heap.set(1, 7);
  heap.set(1, 0);
  heap.tick(20);
  heap.tick(30);
  REQUIRE(heap.log.rows().size() == 3);
  REQUIRE(heap.log.changes().size() == 3);
  CHECK(heap.log.changes()[0].site == 0);
  CHECK(heap.log.changes()[0].live_blocks == 5);
  CHECK(heap.log.changes()[1].site == 2);
  CHECK(heap.log.changes()[2].tick == 1);
  CHECK(heap.log.changes()[2].site == 2);
  CHECK(heap.log.changes()[2].live_blocks == 1);
  CHECK(heap.log.stride() == 1);
}

TEST_CASE("a program that never ticks has no rows") {
  Heap heap(1);
  heap.set(0, 1);
  CHECK_FALSE(heap.log.active());
  CHECK(heap.log.stride() == 0);
  CHECK(heap.log.rows().empty());
}

TEST_CASE("rows are halved as often as needed, and what is left is exact") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    Heap heap(4);
    std::vector<std::vector<std::int64_t>> truth;
    const std::uint64_t calls = 900 + random() % 6000;
    for (std::uint64_t call = 1; call <= calls; ++call) {
      for (std::uint64_t i = random() % 4; i > 0; --i) {
        // A site that is first seen late.
        if (call == calls / 3 && heap.live.size() == 4) heap.live.emplace_back();
        heap.set(static_cast<std::uint32_t>(random() % heap.live.size()), random() % 9);
      }
      heap.tick(call);
      auto& row = truth.emplace_back();
      for (const auto& site : heap.live) row.push_back(static_cast<std::int64_t>(site.first));
    }
    const auto rows = heap.replay();
    REQUIRE(rows.size() < TickLog::kMaxTicks);
    REQUIRE(rows.size() == calls / heap.log.stride());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t call = (i + 1) * heap.log.stride();
      REQUIRE(heap.log.rows()[i].ticks == call);
      for (std::size_t site = 0; site < truth[call - 1].size(); ++site) {
        REQUIRE(rows[i][site] == truth[call - 1][site]);
      }
    }
  }
}

}  // namespace
}  // namespace memprof::collect
