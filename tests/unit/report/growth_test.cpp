#include "report/growth.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::FrameText;
using memprof::tests::ProfileBuilder;

namespace {

const FrameText kMain{.function = "main", .file = "/src/app.cpp", .line = 50};
const FrameText kOther{.function = "other", .file = "/src/app.cpp", .line = 60};

Profile with(std::uint64_t a, std::uint64_t b) {
  ProfileBuilder builder;
  builder.profile.types = {{builder.string("A"), builder.string("A"), 0, 8, TypeEvidence::kConstructor},
                           {builder.string("B"), builder.string("B"), 0, 8, TypeEvidence::kConstructor}};
  if (a > 0) builder.allocations({kMain}, a, 8, a).type = 0;
  if (b > 0) builder.allocations({kOther, kMain}, b, 8, b).type = 1;
  return builder.finished();
}

std::vector<std::string> grown(Growth& growth, const Profile& profile) {
  const auto rows = growth.next(profile);
  REQUIRE(rows.has_value());
  std::vector<std::string> list;
  for (const GrowthRow& row : *rows) {
    list.push_back(row.name + " " + std::to_string(row.count) + " +" + std::to_string(row.growth));
  }
  return list;
}

using Rows = std::vector<std::string>;

}  // namespace

TEST_CASE("Growth is over the highest count so far, not over the last") {
  Growth growth({.by = GroupBy::kType});
  CHECK(grown(growth, with(10, 20)) == Rows{"B 20 +20", "A 10 +10"});  // the first lists everything
  CHECK(grown(growth, with(5, 21)) == Rows{"B 21 +1"});
  CHECK(grown(growth, with(9, 0)).empty());  // up from 5, but below 10
  CHECK(grown(growth, with(12, 30)) == Rows{"B 30 +9", "A 12 +2"});
  CHECK(grown(growth, with(12, 30)).empty());
}

TEST_CASE("Growth by stack tells stacks of one line apart") {
  ProfileBuilder builder;
  builder.allocations({kOther, kMain}, 3, 8, 3);
  builder.allocations({kOther}, 2, 8, 2);
  Growth growth({.by = GroupBy::kStack});
  CHECK(grown(growth, builder.finished()) == Rows{"/src/app.cpp:60 3 +3", "/src/app.cpp:60 2 +2"});
}
