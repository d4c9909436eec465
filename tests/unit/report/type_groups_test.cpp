#include "report/type_groups.hpp"

#include "report/diff.hpp"
#include "report/grouping.hpp"
#include "report/growth.hpp"
#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::FrameText;
using memprof::tests::ProfileBuilder;

namespace {

const FrameText kMain{.function = "main", .file = "/src/app.cpp", .line = 50};
const FrameText kMap{.function = "fill()", .file = "/src/app.cpp", .line = 10};
const FrameText kBuckets{.function = "fill()", .file = "/src/app.cpp", .line = 12};
const FrameText kUnknown{.function = "raw()", .file = "/src/raw.c", .line = 5};

/// A map of `nodes` nodes of 48 bytes and a bucket array of 800; 3 blocks without a type.
Profile map_and_raw(std::uint64_t nodes, std::uint32_t raw_line = 5) {
  ProfileBuilder builder;
  const StringIndex map = builder.string("std::unordered_map<int, int>");
  builder.profile.types = {
      {map, builder.string("Node"), builder.string("node"), 48, TypeEvidence::kTemplateArgument},
      {map, builder.string("Node*"), builder.string("buckets"), 8, TypeEvidence::kTemplateArgument}};
  builder.allocations({kMap, kMain}, nodes, 48, nodes).type = 0;
  builder.allocations({kBuckets, kMain}, 1, 800, 1).type = 1;
  FrameText raw = kUnknown;
  raw.line = raw_line;
  builder.allocations({raw, kMain}, 3, 1000, 3);
  return builder.finished();
}

Grouping by_type(const Profile& profile, bool raw = false) {
  auto grouping = group_sites(profile, {.by = GroupBy::kType, .raw_types = raw});
  REQUIRE(grouping.has_value());
  return std::move(*grouping);
}

}  // namespace

TEST_CASE("Types are sorted by count, and what has none is named by its line") {
  const Grouping grouping = by_type(map_and_raw(10));
  REQUIRE(grouping.rows.size() == 2);
  CHECK(grouping.rows[0].name == "std::unordered_map<int, int>");
  CHECK(grouping.rows[0].measure.count == 11);
  CHECK(grouping.rows[0].measure.bytes == 10 * 48 + 800);
  CHECK(grouping.rows[0].shares.size() == 2);
  CHECK(grouping.rows[1].name == "/src/raw.c:5");  // more bytes, but fewer blocks
  CHECK(grouping.rows[1].frame != kNoIndex);
}

TEST_CASE("Raw types are nodes and buffers") {
  const Grouping grouping = by_type(map_and_raw(10), true);
  REQUIRE(grouping.rows.size() == 3);
  CHECK(grouping.rows[0].name == "Node");
  CHECK(grouping.rows[2].name == "Node*");
}

TEST_CASE("Types are neither cumulative nor freed nor mapped") {
  CHECK_FALSE(group_sites(map_and_raw(1), {.by = GroupBy::kType, .metric = Metric::kMapped}).has_value());
  CHECK_FALSE(group_sites(map_and_raw(1), {.by = GroupBy::kType, .cumulative = true}).has_value());
  CHECK_FALSE(group_sites(map_and_raw(1), {.by = GroupBy::kType, .metric = Metric::kFreed}).has_value());
}

TEST_CASE("Two profiles compare by type") {
  SourceFiles sources({});
  const Profile before = map_and_raw(10), after = map_and_raw(30);
  const auto diff = diff_profiles({before, sources}, {after, sources}, {.by = GroupBy::kType});
  REQUIRE(diff.has_value());
  REQUIRE(diff->rows.size() == 1);
  CHECK(diff->rows[0].name == "std::unordered_map<int, int>");
  CHECK(diff->rows[0].count_change() == 20);
  CHECK(diff->unchanged == 1);
}
