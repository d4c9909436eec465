#include "report/grouping.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::FrameText;
using memprof::tests::ProfileBuilder;

namespace {

const FrameText kMain{.function = "main", .file = "/src/app.cpp", .line = 50};
const FrameText kParse{.function = "parse()", .file = "/src/parse.cpp", .line = 10};
const FrameText kParseLater{.function = "parse()", .file = "/src/parse.cpp", .line = 12};
const FrameText kNew{.function = "operator new(unsigned long)", .module = "/lib/libstdc++.so.6"};

/// parse.cpp:10 holds 30 blocks of 10 B; parse.cpp:12 made 5 of 100 B, 2 are left; app.cpp:50 made one of 40 B.
Profile three_lines() {
  ProfileBuilder builder;
  builder.allocations({kNew, kParse, kMain}, 30, 10, 30);
  builder.allocations({kNew, kParseLater, kMain}, 5, 100, 2).temporary_allocations = 3;
  builder.allocations({kMain}, 1, 40, 1);
  builder.frees({kParseLater, kMain}, 3, 100);
  builder.profile.threads = {{.tid = 7, .name = builder.string("main"), .allocations = 36, .allocated_bytes = 840},
                             {.tid = 8, .frees = 3, .freed_bytes = 300}};
  return builder.finished();
}

Grouping group(const Profile& profile, const GroupOptions& options) {
  auto grouping = group_sites(profile, options);
  REQUIRE(grouping.has_value());
  return std::move(*grouping);
}

std::vector<std::string> names(const Grouping& grouping) {
  std::vector<std::string> list;
  for (const GroupRow& row : grouping.rows) list.push_back(row.name);
  return list;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Lines are sorted by bytes and carry the own line of each site") {
  const Grouping grouping = group(three_lines(), {});
  CHECK(names(grouping) == Names{"/src/parse.cpp:10", "/src/parse.cpp:12", "/src/app.cpp:50"});
  CHECK(grouping.rows[0].measure.bytes == 300);
  CHECK(grouping.rows[0].measure.count == 30);
  CHECK(grouping.rows[1].measure.bytes == 200);
  CHECK(grouping.total.bytes == 540);
  CHECK(grouping.total.count == 33);
}

TEST_CASE("Equal bytes are sorted by count and then by name") {
  ProfileBuilder builder;
  builder.allocations({{.function = "b", .file = "/b.c", .line = 1}}, 1, 8, 1);
  builder.allocations({{.function = "a", .file = "/a.c", .line = 1}}, 1, 8, 1);
  builder.allocations({{.function = "c", .file = "/c.c", .line = 1}}, 2, 4, 2);
  CHECK(names(group(builder.finished(), {})) == Names{"/c.c:1", "/a.c:1", "/b.c:1"});
}

TEST_CASE("Every metric measures its own figure and leaves out what is zero") {
  const Profile profile = three_lines();
  CHECK(group(profile, {.metric = Metric::kAllocated}).rows[0].name == "/src/parse.cpp:12");
  CHECK(group(profile, {.metric = Metric::kPeak}).total.bytes == 840);
  const Grouping freed = group(profile, {.metric = Metric::kFreed});
  CHECK(names(freed) == Names{"/src/parse.cpp:12"});
  CHECK(freed.rows[0].measure.bytes == 300);
  const Grouping temporary = group(profile, {.metric = Metric::kTemporary});
  REQUIRE(names(temporary) == Names{"/src/parse.cpp:12"});
  CHECK(temporary.rows[0].measure.count == 3);
}

TEST_CASE("Functions, files and modules are groups as well") {
  const Profile profile = three_lines();
  CHECK(names(group(profile, {.by = GroupBy::kFunction})) == Names{"parse()", "main"});
  CHECK(names(group(profile, {.by = GroupBy::kFile})) == Names{"/src/parse.cpp", "/src/app.cpp"});
  CHECK(names(group(profile, {.by = GroupBy::kModule})) == Names{"/usr/bin/app"});
  CHECK(names(group(profile, {.by = GroupBy::kModule, .innermost = true})) ==
        Names{"/lib/libstdc++.so.6", "/usr/bin/app"});
}

TEST_CASE("Threads are grouped by their own figures") {
  const Grouping grouping = group(three_lines(), {.by = GroupBy::kThread, .metric = Metric::kAllocated});
  CHECK(names(grouping) == Names{"thread 7 (main)"});
  CHECK(names(group(three_lines(), {.by = GroupBy::kThread, .metric = Metric::kFreed})) == Names{"thread 8"});
  CHECK_FALSE(group_sites(three_lines(), {.by = GroupBy::kThread, .cumulative = true}).has_value());
}

TEST_CASE("Cumulative figures count a site once for every place on its stack") {
  const Grouping grouping = group(three_lines(), {.by = GroupBy::kFunction, .cumulative = true});
  REQUIRE(names(grouping) == Names{"main", "operator new(unsigned long)", "parse()"});
  CHECK(grouping.rows[0].measure.bytes == 540);
  CHECK(grouping.rows[1].measure.bytes == 500);
  CHECK(grouping.rows[2].measure.bytes == 500);
}

TEST_CASE("Recursion does not count a site twice") {
  const FrameText walk{.function = "walk()", .file = "/src/tree.cpp", .line = 5};
  ProfileBuilder builder;
  builder.allocations({walk, walk, walk, kMain}, 1, 64, 1);
  builder.allocations({walk, kMain}, 1, 32, 1);
  const Grouping grouping = group(builder.finished(), {.cumulative = true});
  REQUIRE(names(grouping) == Names{"/src/app.cpp:50", "/src/tree.cpp:5"});
  CHECK(grouping.rows[1].measure.bytes == 96);
  CHECK(grouping.rows[1].measure.count == 2);
}

TEST_CASE("Stacks that differ in address or library frames only are one stack") {
  ProfileBuilder builder;
  FrameText here = kParse;
  here.offset = 0x10;
  builder.allocations({kNew, here, kMain}, 1, 8, 1);
  here.offset = 0x20;
  builder.allocations({here, kMain}, 1, 8, 1);
  const Profile profile = builder.finished();
  CHECK(group(profile, {.by = GroupBy::kStack}).rows.size() == 1);
  CHECK(group(profile, {.by = GroupBy::kStack, .innermost = true}).rows.size() == 2);
}

TEST_CASE("Stacks of equal size are sorted by their lines from the inside out") {
  const FrameText other_main{.function = "main", .file = "/src/app.cpp", .line = 49};
  ProfileBuilder builder;
  builder.allocations({kParse, kMain}, 1, 8, 1);
  builder.allocations({kParse, other_main}, 1, 8, 1);
  const Profile profile = builder.finished();
  const Grouping grouping = group(profile, {.by = GroupBy::kStack});
  REQUIRE(grouping.rows.size() == 2);
  CHECK(profile.frames[profile.stacks[profile.stacks[grouping.rows[0].stack].parent].frame].line == 49);
}

TEST_CASE("Frames without names are grouped by what is known of them") {
  ProfileBuilder builder;
  builder.allocations({{.module = "/usr/lib/libfoo.so.1", .offset = 0x1a2b}}, 1, 8, 1);
  builder.allocations({{.module = "/usr/lib/libfoo.so.1", .offset = 0x1a3b}}, 1, 4, 1);
  builder.allocations({{.function = "foo_open", .module = "/usr/lib/libfoo.so.1", .offset = 1, .nearest = true}}, 1, 2,
                      1);
  builder.allocations({{.module = ""}}, 1, 1, 1);
  const Profile profile = builder.finished();
  CHECK(names(group(profile, {})) ==
        Names{"libfoo.so.1+0x1a2b", "libfoo.so.1+0x1a3b", "near foo_open (libfoo.so.1)", "??"});
  CHECK(names(group(profile, {.by = GroupBy::kFunction})) ==
        Names{"libfoo.so.1 (no symbols)", "near foo_open", "?? (no symbols)"});
  CHECK(names(group(profile, {.by = GroupBy::kFile})) == Names{"/usr/lib/libfoo.so.1", "??"});
}

TEST_CASE("Sites whose stack was lost or is empty are a group of their own") {
  ProfileBuilder builder;
  builder.allocations({}, 1, 8, 1, kLostRoot);
  builder.allocations({kMain}, 1, 4, 1, kCutRoot);
  const Profile profile = builder.finished();
  CHECK(names(group(profile, {})) == Names{"(no stack recorded)", "/src/app.cpp:50"});
  CHECK(names(group(profile, {.by = GroupBy::kStack})) == Names{"(no stack recorded)", "/src/app.cpp:50"});
}

TEST_CASE("An empty profile has no rows in any grouping") {
  const Profile empty;
  for (const GroupBy by :
       {GroupBy::kLine, GroupBy::kFunction, GroupBy::kFile, GroupBy::kModule, GroupBy::kStack, GroupBy::kThread}) {
    CHECK(group(empty, {.by = by}).rows.empty());
  }
  CHECK(group(empty, {.cumulative = true}).rows.empty());
}
