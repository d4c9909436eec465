// Several profiles as one: sums by call stack, whatever the numbers of rows in each.

#include "report/sum_profiles.hpp"

#include <numeric>

#include "report/grouping.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"

namespace memprof::report {
namespace {

struct Place {
  std::string function;
  std::uint64_t bytes;
};

/// Sites of one frame each; `padding` strings and frames in front, so that equal names have other numbers.
Profile profile_of(const std::vector<Place>& places, std::size_t padding) {
  Profile profile;
  profile.process.pid = static_cast<std::int32_t>(100 + padding);
  profile.process.program = "app";
  profile.process.start_unix_ms = 1000 + static_cast<std::int64_t>(padding);
  profile.process.duration_s = 1;
  profile.process.end_kind = EndKind::kExited;
  for (std::size_t i = 0; i < padding; ++i) {
    profile.strings.push_back("padding" + std::to_string(i));
    Frame frame;
    frame.function = static_cast<StringIndex>(profile.strings.size() - 1);
    profile.frames.push_back(frame);
  }
  profile.strings.push_back("malloc");
  const auto hook = static_cast<StringIndex>(profile.strings.size() - 1);
  for (const Place& place : places) {
    profile.strings.push_back(place.function);
    Frame frame;
    frame.function = static_cast<StringIndex>(profile.strings.size() - 1);
    frame.offset = padding;  // of no meaning where the function is known
    profile.frames.push_back(frame);
    StackNode node;
    node.parent = kCompleteRoot;
    node.frame = static_cast<FrameIndex>(profile.frames.size() - 1);
    profile.stacks.push_back(node);
    Site site;
    site.stack = static_cast<NodeIndex>(profile.stacks.size() - 1);
    site.hook = hook;
    site.allocations = site.live_blocks = site.peak_blocks = 1;
    site.allocated_bytes = site.live_bytes = site.peak_bytes = site.min_size = site.max_size = site.size_divisor =
        place.bytes;
    site.highest_heap = place.bytes;
    site.size_histogram = {{5, 1}};
    profile.sites.push_back(site);
    profile.totals.allocations += 1;
    profile.totals.allocated_bytes += place.bytes;
    profile.totals.live_bytes += place.bytes;
    profile.totals.peak_bytes += place.bytes;
  }
  TimelinePoint point;
  point.time_s = 0.5;
  point.live_bytes = point.highest_bytes = profile.totals.live_bytes;
  profile.timeline.push_back(point);
  return profile;
}

const GroupRow* row_named(const Grouping& grouping, const std::string& name) {
  for (const GroupRow& row : grouping.rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

TEST_CASE("sites of the same call stack become one, others stay apart") {
  const Profile sum = sum_profiles({profile_of({{"parse", 24}, {"load", 100}}, 0), profile_of({{"parse", 60}}, 3),
                                    profile_of({{"store", 7}, {"parse", 36}}, 9)});
  REQUIRE(sum.sites.size() == 3);
  GroupOptions options;
  options.by = GroupBy::kFunction;
  const auto grouping = group_sites(sum, options);
  REQUIRE(grouping);
  REQUIRE(row_named(*grouping, "parse") != nullptr);
  CHECK(row_named(*grouping, "parse")->measure.bytes == 120);
  CHECK(row_named(*grouping, "load")->measure.bytes == 100);
  CHECK(row_named(*grouping, "store")->measure.bytes == 7);
  const Site& parse = sum.sites.front();
  CHECK(parse.allocations == 3);
  CHECK(parse.min_size == 24);
  CHECK(parse.max_size == 60);
  CHECK(parse.size_divisor == 12);
  CHECK(parse.highest_heap == 60);
  CHECK(parse.size_histogram == Histogram{{5, 3}});
  CHECK(sum.totals.allocations == 5);
  CHECK(sum.totals.live_bytes == 227);
  CHECK(sum.text(parse.hook) == "malloc");
}

TEST_CASE("an incomplete process makes an incomplete sum, and is named") {
  Profile second = profile_of({{"parse", 1}}, 3);
  second.capture.complete = false;
  second.capture.incomplete_reasons = {"7 events were dropped"};
  const Profile sum = sum_profiles({profile_of({{"parse", 1}}, 0), second});
  CHECK_FALSE(sum.capture.complete);
  CHECK(sum.capture.incomplete_reasons == std::vector<std::string>{"app (103): 7 events were dropped"});
}

TEST_CASE("heaps add up over the common time, and end with their processes") {
  Profile early = profile_of({{"parse", 100}}, 0);
  Profile late = profile_of({{"parse", 30}}, 0);
  late.process.start_unix_ms += 700;  // its point is at 1.2 s, when the first one has been gone for 0.2 s
  const Profile sum = sum_profiles({early, late});
  CHECK(sum.process.duration_s == Approx(1.7));
  REQUIRE(sum.timeline.size() == 4);
  CHECK(sum.timeline[0].live_bytes == 100);
  CHECK(sum.timeline[1].live_bytes == 0);
  CHECK(sum.timeline[2].time_s == Approx(1.2));
  CHECK(sum.timeline[2].live_bytes == 30);
  CHECK(sum.timeline[3].live_bytes == 0);
}

TEST_CASE("random profiles: nothing is lost, and every index is one of the sum") {
  const auto seed = GENERATE(range(std::uint64_t{0}, std::uint64_t{40}));
  const std::vector<Profile> profiles = {test::random_profile(seed), test::random_profile(seed + 1000),
                                         test::random_profile(seed)};
  const Profile sum = sum_profiles(profiles);
  std::uint64_t allocated = 0, expected = 0, frees = 0, expected_frees = 0;
  for (const Site& site : sum.sites) {
    allocated += site.allocated_bytes;
    frees += site.frees;
    REQUIRE(site.stack < sum.stacks.size());
    REQUIRE(site.hook < sum.strings.size());
    REQUIRE((site.type == kNoIndex || site.type < sum.types.size()));
  }
  for (const Profile& profile : profiles) {
    for (const Site& site : profile.sites) {
      expected += site.allocated_bytes;
      expected_frees += site.frees;
    }
  }
  CHECK(allocated == expected);
  CHECK(frees == expected_frees);
  for (NodeIndex node = kRootCount; node < sum.stacks.size(); ++node) {
    REQUIRE(sum.stacks[node].parent < node);
    REQUIRE(sum.stacks[node].frame < sum.frames.size());
  }
  for (const Frame& frame : sum.frames) {
    REQUIRE(frame.function < sum.strings.size());
    REQUIRE(frame.file < sum.strings.size());
    REQUIRE((frame.module == kNoIndex || frame.module < sum.modules.size()));
  }
  for (const Thread& thread : sum.threads) REQUIRE(thread.name < sum.strings.size());
  for (const Scope& scope : sum.scopes) REQUIRE(scope.thread < sum.threads.size());
}

}  // namespace
}  // namespace memprof::report
