#include "report/filter.hpp"

#include "report/grouping.hpp"
#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::ProfileBuilder;

namespace {

/// One block in each of /src/json/read.cpp:5 (called by /src/app.cpp:1), /src/app.cpp:2 and a library without source
/// called by nobody.
Profile sample() {
  ProfileBuilder builder;
  builder.allocations({{.function = "read()", .file = "/src/json/read.cpp", .line = 5},
                       {.function = "main", .file = "/src/app.cpp", .line = 1}},
                      1, 1, 1);
  builder.allocations({{.function = "main", .file = "/src/app.cpp", .line = 2}}, 1, 2, 1);
  builder.allocations({{.function = "foo_open", .module = "/usr/lib/libfoo.so.1"}}, 1, 4, 1);
  return builder.finished();
}

/// Which of the three are kept, as the sum of their sizes.
std::uint64_t kept(std::vector<std::string> include, std::vector<std::string> exclude, bool all_frames = false) {
  GroupOptions options;
  for (const std::string& text : include) options.filters.include.push_back(parse_filter(text).value());
  for (const std::string& text : exclude) options.filters.exclude.push_back(parse_filter(text).value());
  options.filters.all_frames = all_frames;
  return group_sites(sample(), options).value().total.bytes;
}

}  // namespace

TEST_CASE("A filter is a glob with an optional line") {
  CHECK(parse_filter("*/json/*")->glob == "*/json/*");
  CHECK_FALSE(parse_filter("*/json/*")->line.has_value());
  CHECK(parse_filter("app.cpp:42")->glob == "app.cpp");
  CHECK(parse_filter("app.cpp:42")->line == 42u);
}

TEST_CASE("Malformed filters are refused") {
  for (const char* text : {"", ":5", "app.cpp:", "app.cpp:x", "app.cpp:0", "app.cpp:-1", "app.cpp:99999999999"}) {
    CHECK_FALSE(parse_filter(text).has_value());
  }
}

TEST_CASE("Without filters everything is kept") { CHECK(kept({}, {}) == 7); }

TEST_CASE("A site is kept if any including filter and no excluding filter matches") {
  CHECK(kept({"/src/json/*"}, {}) == 1);
  CHECK(kept({"/src/json/*", "*/app.cpp"}, {}) == 3);
  CHECK(kept({"/src/*"}, {"*/json/*"}) == 2);
  CHECK(kept({}, {"/src/*"}) == 4);
}

TEST_CASE("A star also matches slashes, and brackets are sets") {
  CHECK(kept({"/src/*.cpp"}, {}) == 3);
  CHECK(kept({"/src/[!j]*"}, {}) == 2);
  CHECK(kept({"/src/???.cpp"}, {}) == 2);
}

TEST_CASE("A pattern without a slash is matched with the base name") {
  CHECK(kept({"read.cpp"}, {}) == 1);
  CHECK(kept({"libfoo.so*"}, {}) == 4);
}

TEST_CASE("A line narrows a filter") {
  CHECK(kept({"app.cpp:2"}, {}) == 2);
  CHECK(kept({"app.cpp:1"}, {}) == 0);
}

TEST_CASE("With all frames a filter looks at the whole stack") {
  CHECK(kept({"app.cpp:1"}, {}, true) == 1);
  CHECK(kept({}, {"app.cpp"}, true) == 4);
}

TEST_CASE("Cumulative figures only hold the sites that filters keep") {
  GroupOptions options{.by = GroupBy::kFunction, .cumulative = true};
  options.filters.exclude.push_back(parse_filter("read.cpp").value());
  const auto grouping = group_sites(sample(), options).value();
  REQUIRE(grouping.rows.size() == 2);
  CHECK(grouping.rows[1].name == "main");
  CHECK(grouping.rows[1].measure.bytes == 2);
}
