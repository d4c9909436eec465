// The heap of all processes together, against sums made by hand and by brute force.

#include "collect/tree_heap.hpp"

#include <algorithm>
#include <random>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

using Steps = std::vector<TreeHeap::Step>;

void add(TreeHeap& heap, TreeHeap::Member member, Steps steps) {
  heap.add(member, steps);
  CHECK(steps.empty());
}

TEST_CASE("a process alone has its own peak") {
  TreeHeap heap;
  heap.join(0, 100);
  CHECK(heap.alone());
  add(heap, 0, {{110, 5, 1}, {120, 50, 2}, {130, 20, 1}});
  heap.leave(0, 200);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == 50);
  CHECK(peak.blocks == 2);
  CHECK(peak.least_bytes == 50);
  CHECK(peak.ticks == 120);
  CHECK(peak.exact);
  CHECK(peak.shares == std::vector<std::uint64_t>{50});
}

TEST_CASE("the peak of all is one moment, not the sum of peaks, whatever the order in which steps arrive") {
  TreeHeap heap;
  heap.join(0, 0);
  heap.join(1, 0);
  CHECK_FALSE(heap.alone());
  const bool first_comes_first = GENERATE(true, false);
  const Steps first{{10, 100, 1}, {20, 10, 1}, {40, 60, 2}};
  const Steps second{{15, 30, 3}, {30, 100, 4}, {50, 0, 0}};
  if (first_comes_first) {
    add(heap, 0, first);
    add(heap, 1, second);
  } else {
    add(heap, 1, second);
    add(heap, 0, first);
  }
  heap.leave(0, 100);
  heap.leave(1, 100);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == 160);  // at 40: 60 + 100
  CHECK(peak.blocks == 6);
  CHECK(peak.ticks == 40);
  CHECK(peak.shares == std::vector<std::uint64_t>{60, 100});
}

TEST_CASE("what a process held is gone when it has ended") {
  TreeHeap heap;
  heap.join(0, 0);
  add(heap, 0, {{10, 100, 1}});
  heap.leave(0, 20);
  heap.join(1, 30);
  CHECK(heap.alone());
  add(heap, 1, {{40, 90, 1}});
  heap.leave(1, 50);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == 100);
  CHECK(peak.shares == std::vector<std::uint64_t>{100, 0});
}

TEST_CASE("when the end of a process is not known well enough, both answers are given") {
  TreeHeap heap;
  heap.join(0, 0);
  heap.join(1, 0);
  add(heap, 0, {{10, 100, 1}});
  heap.pass(0, 15);  // the last sign of life
  add(heap, 1, {{20, 80, 1}, {60, 90, 1}});
  heap.leave(0, 40);  // seen to be gone
  heap.leave(1, 70);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == 180);
  CHECK(peak.least_bytes == 100);
  CHECK(peak.exact);
}

TEST_CASE("steps that are late count at the time that was reached") {
  TreeHeap heap;
  heap.join(0, 0);
  add(heap, 0, {{50, 10, 1}});
  add(heap, 0, {{40, 30, 1}, {60, 0, 0}});
  heap.leave(0, 100);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == 30);
  CHECK(peak.ticks == 50);
}

TEST_CASE("what waits for a recorder that never reports is merged before it fills memory, and marked") {
  TreeHeap heap;
  heap.join(0, 0);
  heap.join(1, 0);
  std::uint64_t ticks = 1;
  for (std::size_t added = 0; added <= TreeHeap::kMostPending; added += 65536) {
    Steps steps(65536);
    for (TreeHeap::Step& step : steps) step = {++ticks, 7, 1};
    heap.add(0, steps);
  }
  add(heap, 1, {{5, 5, 1}});
  heap.leave(0, ticks);
  heap.leave(1, ticks);
  const TreeHeap::Peak peak = heap.finish();
  CHECK_FALSE(peak.exact);
  CHECK(peak.bytes == 12);
}

struct Moment {
  std::uint64_t ticks;
  TreeHeap::Member member;
  std::uint64_t live;
};

TEST_CASE("random processes have the peak that adding them up step by step finds") {
  std::mt19937 random(GENERATE(range(1u, 60u)));
  constexpr TreeHeap::Member kMembers = 7;
  TreeHeap heap;
  std::vector<Moment> all;
  std::vector<Steps> steps(kMembers);
  for (TreeHeap::Member member = 0; member < kMembers; ++member) {
    heap.join(member, 0);
    std::uint64_t ticks = 1 + random() % 100;
    for (std::size_t i = 0; i < 300; ++i) {
      ticks += 1 + random() % 20;
      // No two members at one time, so that there is one order only.
      const std::uint64_t own_ticks = ticks * kMembers + member;
      steps[member].push_back({own_ticks, random() % 1000, 1});
      all.push_back({own_ticks, member, steps[member].back().live_bytes});
    }
  }
  std::sort(all.begin(), all.end(), [](const Moment& a, const Moment& b) { return a.ticks < b.ticks; });
  std::vector<std::uint64_t> live(kMembers, 0), shares;
  std::uint64_t highest = 0, sum = 0, when = 0;
  for (const Moment& moment : all) {
    sum += moment.live - live[moment.member];
    live[moment.member] = moment.live;
    if (sum <= highest) continue;
    highest = sum;
    when = moment.ticks;
    shares = live;
  }
  std::vector<std::size_t> given(kMembers, 0);
  for (std::size_t left = kMembers; left > 0;) {
    const auto member = static_cast<TreeHeap::Member>(random() % kMembers);
    if (given[member] == steps[member].size()) continue;
    const std::size_t count = std::min<std::size_t>(1 + random() % 40, steps[member].size() - given[member]);
    const auto from = steps[member].begin() + static_cast<std::ptrdiff_t>(given[member]);
    Steps part(from, from + static_cast<std::ptrdiff_t>(count));
    given[member] += count;
    const std::uint64_t last = part.back().ticks;
    heap.add(member, part);
    if (random() % 3 == 0) heap.pass(member, last);
    if (given[member] == steps[member].size()) --left;
  }
  for (TreeHeap::Member member = 0; member < kMembers; ++member) heap.leave(member, all.back().ticks + 1);
  const TreeHeap::Peak peak = heap.finish();
  CHECK(peak.bytes == highest);
  CHECK(peak.ticks == when);
  CHECK(peak.shares == shares);
  CHECK(peak.exact);
}

}  // namespace
}  // namespace memprof::collect
