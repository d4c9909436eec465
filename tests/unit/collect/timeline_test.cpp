#include "collect/timeline.hpp"

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("points lie on multiples of the interval, and the last one at the end") {
  Timeline timeline(100);
  for (std::uint64_t ticks = 0; ticks <= 350; ticks += 10) {
    if (ticks >= timeline.due()) timeline.cross(ticks, ticks, ticks / 10);
    timeline.note(ticks + 5);
  }
  timeline.set_rss(4096);
  const auto points = timeline.finish(355, 1, 36);
  REQUIRE(points.size() == 5);
  CHECK(points[0].ticks == 0);
  CHECK(points[1].ticks == 100);
  CHECK(points[1].live_bytes == 100);
  CHECK(points[1].highest_bytes == 100);
  CHECK(points[3].ticks == 300);
  CHECK(points[3].allocations == 30);
  CHECK(points[3].rss_bytes == 0);
  CHECK(points[4].ticks == 355);
  CHECK(points[4].live_bytes == 1);
  CHECK(points[4].highest_bytes == 355);
  CHECK(points[4].rss_bytes == 4096);
}

TEST_CASE("a span without events has a point at its beginning and one at its end") {
  Timeline timeline(10);
  timeline.cross(0, 0, 0);
  timeline.note(500);
  timeline.note(300);
  timeline.cross(1'000'003, 300, 2);
  const auto points = timeline.finish(1'000'005, 300, 2);
  REQUIRE(points.size() == 4);
  CHECK(points[1].ticks == 10);
  CHECK(points[1].highest_bytes == 500);
  CHECK(points[2].ticks == 1'000'000);
  CHECK(points[2].highest_bytes == 300);
  CHECK(points[3].ticks == 1'000'005);
}

TEST_CASE("when the points are full the interval doubles, and no peak between points is lost") {
  Timeline timeline(1);
  const std::uint64_t end = 1'000'000, peak_at = 123'457;
  for (std::uint64_t ticks = 0; ticks < end; ++ticks) {
    if (ticks >= timeline.due()) timeline.cross(ticks, 7, ticks);
    timeline.note(ticks == peak_at ? 1'000 : 7);
  }
  CHECK(timeline.interval() == 2048);
  const auto points = timeline.finish(end, 7, end);
  CHECK(points.size() <= Timeline::kMaxPoints);
  CHECK(points.size() >= Timeline::kMaxPoints / 4);
  std::size_t with_peak = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    REQUIRE(points[i - 1].ticks < points[i].ticks);
    if (points[i].highest_bytes != 1'000) continue;
    ++with_peak;
    CHECK(points[i - 1].ticks <= peak_at);
    CHECK(points[i].ticks >= peak_at);
  }
  CHECK(with_peak == 1);
  CHECK(points.back().ticks == end);
}

TEST_CASE("sparse points over a very long time stay bounded") {
  Timeline timeline(1);
  std::uint64_t ticks = 1;
  for (int i = 0; i < 100'000; ++i) {
    ticks += (std::uint64_t{1} << 55) / 100'000;
    if (ticks >= timeline.due()) timeline.cross(ticks, 1, 1);
  }
  CHECK(timeline.finish(std::uint64_t{1} << 56, 1, 1).size() <= Timeline::kMaxPoints + 1);
}

TEST_CASE("a program without any event has points at its beginning and end") {
  Timeline timeline(100);
  const auto points = timeline.finish(50, 0, 0);
  REQUIRE(points.size() == 2);
  CHECK(points.back().ticks == 50);
}

}  // namespace
}  // namespace memprof::collect
