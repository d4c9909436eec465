#include "report/gate_baseline.hpp"

#include "tests/catch.hpp"

namespace memprof::report {
namespace {

GateSite site(const FunctionPath& path, std::uint64_t blocks, std::uint64_t bytes) {
  GateSite made;
  made.path = path;
  made.now.blocks = blocks;
  made.now.bytes = bytes;
  return made;
}

std::vector<GateSite> compared(std::vector<GateSite> sites, const Baseline& baseline, double growth = 0) {
  compare_with_baseline(sites, baseline, growth);
  return sites;
}

TEST_CASE("sites are new, grown, shrunk, fixed or known") {
  const Baseline baseline{0, {{{"known"}, 2, 20}, {{"grown"}, 2, 20}, {{"shrunk"}, 2, 20}, {{"fixed"}, 2, 20}}};
  const auto sites = compared(
      {site({"known"}, 2, 20), site({"grown"}, 3, 20), site({"shrunk"}, 2, 10), site({"new"}, 1, 1)}, baseline);
  REQUIRE(sites.size() == 5);
  CHECK(sites[0].status == SiteStatus::kKnown);
  CHECK(sites[1].status == SiteStatus::kGrown);
  CHECK(sites[1].before->blocks == 2);
  CHECK(sites[2].status == SiteStatus::kShrunk);
  CHECK(sites[3].status == SiteStatus::kNew);
  CHECK_FALSE(sites[3].before.has_value());
  CHECK(sites[4].status == SiteStatus::kFixed);
  CHECK(sites[4].path == FunctionPath{"fixed"});
  CHECK(sites[4].before->bytes == 20);
}

TEST_CASE("blocks and bytes may each grow by the tolerance and not more") {
  const Baseline baseline{0, {{{"f"}, 100, 1000}}};
  CHECK(compared({site({"f"}, 102, 1020)}, baseline, 0.02)[0].status == SiteStatus::kKnown);
  CHECK(compared({site({"f"}, 103, 1000)}, baseline, 0.02)[0].status == SiteStatus::kGrown);
  CHECK(compared({site({"f"}, 100, 1021)}, baseline, 0.02)[0].status == SiteStatus::kGrown);
  CHECK(compared({site({"f"}, 100, 1001)}, baseline)[0].status == SiteStatus::kGrown);
}

TEST_CASE("suppressed sites are neither known nor new") {
  GateSite suppressed = site({"f"}, 1, 1);
  suppressed.suppression = 0;
  const auto sites = compared({suppressed}, {0, {{{"f"}, 1, 1}}});
  CHECK(sites[0].status == SiteStatus::kUnlisted);
  CHECK(sites.at(1).status == SiteStatus::kFixed);
}

TEST_CASE("a site whose stack has lost frames is known when its figures are exactly the same") {
  const Baseline full{0, {{{"make", "parse", "main"}, 3, 48}}};
  CHECK(compared({site({"parse", "main"}, 3, 48)}, full)[0].status == SiteStatus::kKnown);
  CHECK(compared({site({"parse", "main"}, 3, 49)}, full)[0].status == SiteStatus::kNew);
  CHECK(compared({site({"main", "parse"}, 3, 48)}, full)[0].status == SiteStatus::kNew);
  CHECK(compared({site({"other", "main"}, 3, 48)}, full)[0].status == SiteStatus::kNew);
  const Baseline cut{0, {{{"parse", "main"}, 3, 48}}};
  CHECK(compared({site({"make", "parse", "main"}, 3, 48)}, cut)[0].status == SiteStatus::kKnown);
}

TEST_CASE("sites that have become one are known by their sum") {
  const Baseline two{0, {{{"make", "main"}, 1, 8}, {{"build", "main"}, 2, 32}}};
  const auto one = compared({site({"main"}, 3, 40)}, two);
  CHECK(one.size() == 1);
  CHECK(one[0].status == SiteStatus::kKnown);
  const auto split = compared({site({"make", "main"}, 1, 8), site({"build", "main"}, 2, 32)}, {0, {{{"main"}, 3, 40}}});
  CHECK(split.size() == 2);
  CHECK(split[0].status == SiteStatus::kKnown);
  CHECK(split[1].status == SiteStatus::kKnown);
  CHECK(compared({site({"main"}, 4, 40)}, two)[0].status == SiteStatus::kNew);
}

TEST_CASE("what a known site has more or less may be that of sites that have become part of it or have left it") {
  const Baseline baseline{0, {{{"main"}, 5, 50}, {{"make", "main"}, 2, 20}}};
  const auto joined = compared({site({"main"}, 7, 70)}, baseline);
  REQUIRE(joined.size() == 1);
  CHECK(joined[0].status == SiteStatus::kKnown);
  const auto not_quite = compared({site({"main"}, 8, 70)}, baseline);
  CHECK(not_quite[0].status == SiteStatus::kGrown);
  const auto left =
      compared({site({"main"}, 4, 40), site({"small", "main"}, 1, 10), site({"make", "main"}, 2, 20)}, baseline);
  REQUIRE(left.size() == 3);
  for (const GateSite& each : left) CHECK(each.status == SiteStatus::kKnown);
  CHECK(compared({site({"main"}, 4, 40), site({"other"}, 1, 10)}, baseline)[1].status == SiteStatus::kNew);
}

}  // namespace
}  // namespace memprof::report
