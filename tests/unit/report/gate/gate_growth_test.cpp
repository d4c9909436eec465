#include "report/gate_growth.hpp"

#include <random>
#include <set>

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

namespace memprof::report {
namespace {

using tests::ProfileBuilder;
using Levels = std::vector<std::uint64_t>;

bool grows(const Levels& blocks) {
  Levels bytes;
  for (const std::uint64_t level : blocks) bytes.push_back(16 * level);
  return judge_growth({blocks, bytes}, 1).has_value();
}

TEST_CASE("Student's quantiles are those of the tables") {
  CHECK(student_quantile(1, 0.025) == Approx(12.706).epsilon(1e-4));
  CHECK(student_quantile(2, 0.025) == Approx(4.3027).epsilon(1e-4));
  CHECK(student_quantile(3, 0.005) == Approx(5.8409).epsilon(1e-4));
  CHECK(student_quantile(10, 0.0005) == Approx(4.5869).epsilon(1e-4));
  CHECK(student_quantile(1000, 0.025) == Approx(1.9623).epsilon(1e-4));
}

TEST_CASE("one block more at every tick grows from the fifth tick on") {
  Levels levels;
  for (std::uint64_t tick = 1; tick <= 200; ++tick) {
    levels.push_back(100 + tick);
    CHECK(grows(levels) == (tick >= 5));
  }
  const auto growth = judge_growth({levels, levels}, 2);
  REQUIRE(growth.has_value());
  CHECK(growth->ticks == 400);
  CHECK(growth->blocks_per_tick == 0.5);
  CHECK(growth->slope_low == 0.5);
  CHECK(growth->slope_high == 0.5);
}

TEST_CASE("one block that is larger at every tick grows") {
  CHECK(judge_growth({{1, 1, 1, 1, 1, 1}, {10, 20, 30, 40, 50, 60}}, 1).has_value());
}

TEST_CASE("what stays, falls, fills or goes up and down does not grow") {
  CHECK_FALSE(grows({5, 5, 5, 5, 5, 5, 5}));
  CHECK_FALSE(grows({9, 8, 7, 6, 5, 4}));
  CHECK_FALSE(grows({1, 2, 3, 4, 5, 5, 5, 5}));
  CHECK_FALSE(grows({1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}));
  CHECK_FALSE(grows({100, 150, 175, 187, 193, 196, 198, 199}));
  CHECK_FALSE(grows({1, 2, 4, 5, 9, 10}));
  CHECK_FALSE(grows({}));
}

/// What is in a cache of random keys after each of many ticks.
Levels random_cache(unsigned seed, std::size_t ticks) {
  std::minstd_rand random(seed);
  const std::size_t capacity = 1 + random() % 200, keys = capacity / 2 + random() % 500, uses = 5 + random() % 100;
  const bool cleared = random() % 3 == 0;
  std::set<unsigned long> cache;
  Levels levels;
  for (std::size_t tick = 0; tick < ticks; ++tick) {
    for (std::size_t i = random() % uses; i > 0; --i) {
      const unsigned long key = random() % keys;
      if (cache.count(key) == 0 && cache.size() == capacity) {
        if (cleared) cache.clear();
        if (!cleared) cache.erase(cache.lower_bound(*cache.begin()));
      }
      cache.insert(key);
    }
    levels.push_back(cache.size());
  }
  return levels;
}

TEST_CASE("2000 random caches raise no alarm over 20 ticks") {
  int alarms = 0;
  for (unsigned seed = 1; seed <= 2000; ++seed) alarms += grows(random_cache(seed, 20)) ? 1 : 0;
  CHECK(alarms == 0);
}

struct Ticking {
  ProfileBuilder builder;
  explicit Ticking(std::size_t ticks, std::uint32_t stride = 1) {
    builder.profile.capture.tick_stride = stride;
    builder.profile.ticks.resize(ticks);
  }
  std::size_t site(std::initializer_list<tests::FrameText> frames) {
    const Site& made = builder.allocations(frames, 1, 16, 0);
    return static_cast<std::size_t>(&made - builder.profile.sites.data());
  }
  void change(std::size_t tick, std::size_t site, std::int64_t blocks) {
    builder.profile.tick_changes.push_back(
        {static_cast<std::uint32_t>(tick), static_cast<std::uint32_t>(site), blocks, 16 * blocks});
  }
  std::vector<GrowingSite> growing(std::uint64_t warmup = 0, bool wanted = true) {
    const FunctionPaths paths(builder.profile);
    return growing_sites(builder.profile, paths, warmup, [wanted](std::size_t) { return wanted; });
  }
};

TEST_CASE("sites of a profile grow by their changes from tick to tick, after the warm-up") {
  Ticking ticking(10);
  const std::size_t leak = ticking.site({{.function = "leak"}, {.function = "main"}});
  const std::size_t cache = ticking.site({{.function = "cache"}, {.function = "main"}});
  const std::size_t late = ticking.site({{.function = "late"}, {.function = "main"}});
  for (std::size_t tick = 0; tick < 10; ++tick) {
    ticking.change(tick, leak, 1);
    if (tick < 6) ticking.change(tick, cache, 1);
    if (tick >= 5) ticking.change(tick, late, 2);
  }
  auto growing = ticking.growing();
  REQUIRE(growing.size() == 1);
  CHECK(growing[0].site == leak);
  CHECK(growing[0].growth.blocks_per_tick == 1);
  CHECK(growing[0].growth.bytes_per_tick == 16);
  CHECK(ticking.growing(5).size() == 2);
  CHECK(ticking.growing(6).empty());  // too few to judge
  CHECK(ticking.growing(0, false).empty());
}

TEST_CASE("call stacks that grow only together are found by their fingerprint") {
  Ticking ticking(12);
  const std::size_t one = ticking.site({{.function = "leak", .line = 1}, {.function = "main"}});
  const std::size_t other = ticking.site({{.function = "leak", .line = 2}, {.function = "main"}});
  for (std::size_t tick = 0; tick < 12; ++tick) ticking.change(tick, tick % 2 == 0 ? one : other, 1);
  CHECK(ticking.growing().size() == 1);
}

TEST_CASE("a warm-up counts calls, of which a row may stand for several") {
  Ticking ticking(10, 4);
  CHECK(judged_ticks(ticking.builder.profile, 0) == 10);
  CHECK(judged_ticks(ticking.builder.profile, 1) == 9);
  CHECK(judged_ticks(ticking.builder.profile, 4) == 9);
  CHECK(judged_ticks(ticking.builder.profile, 5) == 8);
  CHECK(judged_ticks(ticking.builder.profile, 40) == 0);
  CHECK(judged_ticks(ticking.builder.profile, 1000) == 0);
}

}  // namespace
}  // namespace memprof::report
