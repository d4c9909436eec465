// Scopes: nesting, own peaks, what longjmp leaves open, and bounds.

#include "collect/scope_log.hpp"

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

/// What a thread has done, as the accounts keep it.
struct Flow : ThreadFlow {
  void allocate(std::uint64_t bytes) {
    ++allocations;
    allocated_bytes += bytes;
  }
  void free(std::uint64_t bytes) {
    ++frees;
    freed_bytes += bytes;
  }
};

constexpr std::uint32_t kLoad = 0, kParse = 1, kSave = 2;

TEST_CASE("a scope counts what its thread does inside, nested scopes included") {
  ScopeLog log;
  Flow flow;
  flow.allocate(1000);  // before
  log.begin(0, kLoad, 10, flow);
  flow.allocate(100);
  log.note(0, flow.net_bytes(), 1100);
  log.begin(0, kParse, 20, flow);
  flow.allocate(50);
  log.note(0, flow.net_bytes(), 1150);
  flow.free(150);
  log.note(0, flow.net_bytes(), 1000);
  log.end(0, kParse, 30, flow);
  log.end(0, kLoad, 50, flow);
  CHECK_FALSE(log.any_open());
  log.finish(60, [&](std::uint32_t) { return flow; });

  REQUIRE(log.rows().size() == 2);
  const ScopeLog::Row& load = log.rows()[0];
  CHECK(load.calls == 1);
  CHECK(load.unended_calls == 0);
  CHECK(load.ticks == 40);
  CHECK(load.flow.allocations == 2);
  CHECK(load.flow.allocated_bytes == 150);
  CHECK(load.flow.freed_bytes == 150);
  CHECK(load.peak_bytes == 150);
  const ScopeLog::Row& parse = log.rows()[1];
  CHECK(parse.parent == 0);
  CHECK(parse.flow.net_bytes() == -100);
  CHECK(parse.peak_bytes == 50);
  REQUIRE(log.calls().size() == 2);
  CHECK(log.calls()[0].row == 0);
  CHECK(log.calls()[0].highest_heap == 1150);
  CHECK(log.calls()[1].net_bytes == -100);
}

TEST_CASE("calls of one name at one place are summed up, and the highest peak is kept") {
  ScopeLog log;
  Flow flow;
  for (const std::uint64_t bytes : {10u, 30u, 20u}) {
    log.begin(0, kLoad, 0, flow);
    flow.allocate(bytes);
    log.note(0, flow.net_bytes(), 0);
    flow.free(bytes);
    log.note(0, flow.net_bytes(), 0);
    log.end(0, kLoad, 5, flow);
  }
  REQUIRE(log.rows().size() == 1);
  CHECK(log.rows()[0].calls == 3);
  CHECK(log.rows()[0].ticks == 15);
  CHECK(log.rows()[0].flow.net_bytes() == 0);
  CHECK(log.rows()[0].peak_bytes == 30);
}

TEST_CASE("a scope that only frees has no peak") {
  ScopeLog log;
  Flow flow;
  flow.allocate(500);
  log.begin(0, kLoad, 0, flow);
  flow.free(500);
  log.note(0, flow.net_bytes(), 0);
  log.end(0, kLoad, 5, flow);
  CHECK(log.rows()[0].peak_bytes == 0);
  CHECK(log.rows()[0].flow.net_bytes() == -500);
}

TEST_CASE("ending a scope ends those inside it, and an end without a beginning means nothing") {
  ScopeLog log;
  const Flow flow;
  log.end(3, kLoad, 1, flow);
  log.begin(3, kLoad, 1, flow);
  log.begin(3, kParse, 2, flow);
  log.begin(3, kSave, 3, flow);
  log.end(3, kLoad, 9, flow);
  CHECK_FALSE(log.any_open());
  log.end(3, kParse, 10, flow);
  REQUIRE(log.rows().size() == 3);
  for (const ScopeLog::Row& row : log.rows()) CHECK(row.calls == 1);
  CHECK(log.rows()[2].ticks == 6);
}

TEST_CASE("threads have scopes of their own, which their end ends") {
  ScopeLog log;
  const Flow flow;
  log.begin(0, kLoad, 1, flow);
  log.begin(1, kLoad, 2, flow);
  log.end_all(1, 5, flow);
  log.finish(9, [&](std::uint32_t) { return flow; });
  REQUIRE(log.rows().size() == 2);
  CHECK(log.rows()[0].unended_calls == 1);
  CHECK(log.rows()[0].ticks == 8);
  CHECK(log.rows()[1].unended_calls == 0);
  CHECK(log.rows()[1].ticks == 3);
}

TEST_CASE("recursion is listed down to a bounded depth, and ends where it began") {
  ScopeLog log;
  const Flow flow;
  constexpr std::size_t kDepth = ScopeLog::kMaxDepth + 50;
  for (std::size_t i = 0; i < kDepth; ++i) log.begin(0, kLoad, i, flow);
  for (std::size_t i = 0; i < kDepth; ++i) log.end(0, kLoad, kDepth, flow);
  CHECK_FALSE(log.any_open());
  CHECK(log.rows().size() == ScopeLog::kMaxDepth);
  CHECK(log.rows().front().ticks == kDepth);
}

TEST_CASE("of many calls the longest are kept") {
  ScopeLog log;
  const Flow flow;
  constexpr std::uint64_t kCalls = 3 * ScopeLog::kMaxCalls;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    log.begin(0, kLoad, 10 * i, flow);
    log.end(0, kLoad, 10 * i + (i % 3 == 0 ? 9 : 1), flow);
  }
  log.finish(10 * kCalls, [&](std::uint32_t) { return flow; });
  CHECK(log.rows()[0].calls == kCalls);
  REQUIRE(log.calls().size() == ScopeLog::kMaxCalls);
  std::uint64_t last = 0;
  for (const ScopeLog::Call& call : log.calls()) {
    CHECK(call.end - call.begin == 9);
    CHECK(call.begin >= last);
    last = call.begin;
  }
}

}  // namespace
}  // namespace memprof::collect
