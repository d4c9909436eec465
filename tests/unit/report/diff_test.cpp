#include "report/diff.hpp"

#include <filesystem>
#include <fstream>

#include "report/line_diff.hpp"
#include "report/name_matching.hpp"
#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::FrameText;
using memprof::tests::ProfileBuilder;

namespace {

FrameText at(std::uint32_t line, std::uint32_t first_line = 10, const std::string& file = "/src/app.cpp") {
  return {.function = "work()", .file = file, .line = line, .function_line = first_line};
}

Profile with(const FrameText& frame, std::uint64_t blocks, std::uint64_t size = 10) {
  ProfileBuilder builder;
  builder.allocations({frame}, blocks, size, blocks);
  return builder.finished();
}

Diff diff(const Profile& before, const Profile& after, const GroupOptions& options = {}) {
  SourceFiles old_sources({}), new_sources({});
  auto result = diff_profiles({before, old_sources}, {after, new_sources}, options);
  REQUIRE(result.has_value());
  return std::move(*result);
}

/// A source file in a folder of its own, with a profile that is younger or older than it.
class Source {
 public:
  Source(const std::string& folder, const std::string& text) {
    path_ = std::filesystem::temp_directory_path() / "memprof_diff_test" / folder;
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "app.cpp") << text;
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() { std::filesystem::remove_all(path_.parent_path()); }
  std::string file() const { return (path_ / "app.cpp").string(); }

 private:
  std::filesystem::path path_;
};

constexpr std::int64_t kYounger = 4'000'000'000'000;  // start of a profile, in the year 2096
constexpr std::int64_t kOlder = 1;

}  // namespace

TEST_CASE("Clones, hashes and library versions do not make a different name") {
  CHECK(normalised_function("grow.isra.0") == "grow");
  CHECK(normalised_function("grow.constprop.0.cold") == "grow");
  CHECK(normalised_function("grow(int) [clone .part.0]") == "grow(int)");
  CHECK(normalised_function("boxes::fill::h0123456789abcdef") == "boxes::fill");
  CHECK(normalised_function(".cold") == ".cold");
  CHECK(normalised_function("") == "");
  CHECK(normalised_module("/usr/lib/libfoo.so.1.2.3") == "libfoo.so");
  CHECK(normalised_module("/tmp/build/app") == "app");
  CHECK(normalised_path("/a/./b//c/../d.c") == "/a/b/d.c");
}

TEST_CASE("Paths of two builds are matched by their longest common end") {
  const auto matches = match_paths({"/one/src/a.c", "/one/src/b/util.c", "/one/src/c/util.c", "/usr/include/x.h"},
                                   {"/two/src/a.c", "/two/src/c/util.c", "/two/src/b/util.c", "/usr/include/x.h"});
  CHECK(matches.at("/one/src/a.c") == "/two/src/a.c");
  CHECK(matches.at("/one/src/b/util.c") == "/two/src/b/util.c");
  CHECK(matches.at("/one/src/c/util.c") == "/two/src/c/util.c");
  CHECK(matches.at("/usr/include/x.h") == "/usr/include/x.h");
  CHECK(match_paths({"/a/x.c"}, {"/a/y.c"}).empty());
  CHECK(match_paths({"/a/x.c", "/b/x.c"}, {"/c/x.c"}).size() == 1);
}

TEST_CASE("Rows have both figures and their change, and unchanged ones are left out") {
  ProfileBuilder before, after;
  before.allocations({at(12)}, 1, 10, 1);
  before.allocations({at(13)}, 1, 10, 1);
  after.allocations({at(12)}, 3, 10, 3);
  after.allocations({at(13)}, 1, 10, 1);
  const Diff result = diff(before.finished(), after.finished());
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].name == "/src/app.cpp:12");
  CHECK(result.rows[0].before.bytes == 10);
  CHECK(result.rows[0].after.bytes == 30);
  CHECK(result.rows[0].size_change() == 20);
  CHECK(result.rows[0].count_change() == 2);
  CHECK(result.unchanged == 1);
  CHECK(result.before.bytes == 20);
  CHECK(result.after.bytes == 40);
}

TEST_CASE("Vanished groups stay with size zero") {
  const Diff result = diff(with(at(12), 2), Profile{});
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].after.bytes == 0);
  CHECK(result.rows[0].size_change() == -20);
  CHECK(result.rows[0].new_frame == kNoIndex);
}

TEST_CASE("Rows are in tracemalloc's order") {
  ProfileBuilder before, after;
  const auto both = [&](const std::string& file, std::uint64_t old_bytes, std::uint64_t new_bytes,
                        std::uint64_t blocks) {
    Site& old_site = before.site({at(12, 10, file)});
    old_site.live_bytes = old_bytes;
    old_site.live_blocks = 1;
    Site& new_site = after.site({at(12, 10, file)});
    new_site.live_bytes = new_bytes;
    new_site.live_blocks = blocks;
  };
  both("/e.c", 100, 110, 1);
  both("/d.c", 100, 90, 1);   // the same change, but smaller
  both("/c.c", 100, 110, 5);  // as e, but the count changed
  both("/b.c", 500, 0, 1);    // the largest change
  both("/a.c", 100, 110, 1);  // as e, but for the name
  const Diff result = diff(before.finished(), after.finished());
  std::string order;
  for (const DiffRow& row : result.rows) order += row.name[1];
  CHECK(order == "bcaed");
}

TEST_CASE("Builds in other folders and with other addresses compare") {
  const Diff same = diff(with(at(12, 10, "/one/src/app.cpp"), 1), with(at(12, 10, "/two/src/app.cpp"), 1));
  CHECK(same.rows.empty());
  CHECK(same.unchanged == 1);
  FrameText one{.function = "foo_open", .module = "/usr/lib/libfoo.so.1", .offset = 0x10, .nearest = true};
  FrameText two = one;
  two.module = "/opt/lib/libfoo.so.2";
  two.offset = 0x20;
  CHECK(diff(with(one, 1), with(two, 1)).rows.empty());
  CHECK(diff(with(one, 1), with(two, 1), {.by = GroupBy::kModule}).rows.empty());
  CHECK(diff(with(one, 1), with(two, 1), {.by = GroupBy::kStack}).rows.empty());
}

TEST_CASE("A function that was pushed down still compares, and is marked") {
  const Diff result = diff(with(at(12, 10), 1), with(at(15, 13), 2));
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].name == "/src/app.cpp:15");
  CHECK(result.rows[0].size_change() == 10);
  CHECK(result.rows[0].moved_from == 12);
  const Diff stacks = diff(with(at(12, 10), 1), with(at(15, 13), 2), {.by = GroupBy::kStack});
  REQUIRE(stacks.rows.size() == 1);
  CHECK(stacks.rows[0].before.bytes == 10);
}

TEST_CASE("Lines that shift into each other's place are not confused") {
  ProfileBuilder before, after;
  before.allocations({at(12, 10)}, 1, 10, 1);
  before.allocations({at(15, 10)}, 1, 1000, 1);
  after.allocations({at(15, 13)}, 1, 10, 1);
  after.allocations({at(18, 13)}, 1, 1000, 1);
  CHECK(diff(before.finished(), after.finished()).rows.empty());
}

TEST_CASE("Without the functions' first lines equal line numbers match") {
  CHECK(diff(with(at(12, 0), 1), with(at(12, 0), 1)).rows.empty());
  CHECK(diff(with(at(12, 0), 1), with(at(13, 0), 1)).rows.size() == 2);
}

TEST_CASE("Lines with known texts are matched by text within their function") {
  const Source old_source("old", "void work() {\n  a = make();\n  b = make_b();\n}\n");
  const Source new_source("new", "void work() {\n  log();\n  a = make();\n  b = make_b();\n}\n");
  Profile before = with(at(2, 1, old_source.file()), 1), after = with(at(3, 1, new_source.file()), 1);
  before.process.start_unix_ms = after.process.start_unix_ms = kYounger;
  CHECK(diff(before, after).rows.empty());

  SECTION("a different text at the same distance is another line") {
    Profile other = with(at(2, 1, new_source.file()), 1);
    other.process.start_unix_ms = kYounger;
    CHECK(diff(before, other).rows.size() == 2);
  }
  SECTION("a source that has changed since tells nothing") {
    before.process.start_unix_ms = kOlder;
    CHECK(diff(before, after).rows.size() == 2);
  }
}

TEST_CASE("Stacks through the same functions on unknown lines are one when there is only one of them") {
  ProfileBuilder before, after;
  const FrameText main{.function = "main", .file = "/src/main.cpp", .line = 50, .function_line = 40};
  before.allocations({at(12), main}, 1, 10, 1);
  after.allocations({at(14), main}, 3, 10, 3);
  const Diff result = diff(before.finished(), after.finished(), {.by = GroupBy::kStack});
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].size_change() == 20);
  CHECK(result.rows[0].old_stack != kNoIndex);
}

TEST_CASE("Threads are compared by name, whatever their numbers") {
  ProfileBuilder before, after;
  before.profile.threads = {{.tid = 7, .name = before.string("worker"), .live_blocks = 1, .live_bytes = 10}};
  after.profile.threads = {{.tid = 8, .name = after.string("worker"), .live_blocks = 1, .live_bytes = 10},
                           {.tid = 9, .name = after.string("worker"), .live_blocks = 1, .live_bytes = 5},
                           {.tid = 10, .live_blocks = 1, .live_bytes = 1}};
  const Diff result = diff(before.finished(), after.finished(), {.by = GroupBy::kThread});
  REQUIRE(result.rows.size() == 2);
  CHECK(result.rows[0].name == "thread (worker)");
  CHECK(result.rows[0].size_change() == 5);
  CHECK(result.rows[1].name == "threads without a name");
}

TEST_CASE("Cumulative and filtered groupings compare as well") {
  GroupOptions options{.by = GroupBy::kFunction, .cumulative = true};
  options.filters.include.push_back({"app.cpp", std::nullopt});
  const Diff result = diff(with(at(12), 1), with(at(12), 4), options);
  REQUIRE(result.rows.size() == 1);
  CHECK(result.rows[0].name == "work()");
  const Profile empty;
  SourceFiles sources({});
  CHECK_FALSE(
      diff_profiles({empty, sources}, {empty, sources}, {.by = GroupBy::kThread, .cumulative = true}).has_value());
}

TEST_CASE("Lines are shown with both increments, moved and vanished ones as such") {
  const Source source("new", "void work() {\n  a = make();\n  b = make_b();\n}\n");
  ProfileBuilder before, after;
  before.allocations({at(12, 11, "/elsewhere/app.cpp")}, 1, 10, 1);
  before.allocations({{.function = "gone()", .file = "/elsewhere/gone.cpp", .line = 5, .function_line = 3}}, 1, 7, 1);
  after.allocations({at(2, 1, source.file())}, 3, 10, 3);
  const Profile old_profile = before.finished(), new_profile = after.finished();
  SourceFiles old_sources({}), new_sources({});
  const auto functions = diff_lines({old_profile, old_sources}, {new_profile, new_sources}, {}, {});
  REQUIRE(functions.has_value());
  REQUIRE(functions->size() == 2);
  const FunctionDiff& work = (*functions)[0];
  CHECK(work.largest_change == 20);
  REQUIRE(work.rows.size() == 3);
  CHECK_FALSE(work.rows[0].new_increment.has_value());
  CHECK(work.rows[1].old_increment == 10);
  CHECK(work.rows[1].new_increment == 30);
  CHECK(work.rows[1].moved_from == 12);
  const FunctionDiff& gone = (*functions)[1];
  CHECK(gone.vanished);
  REQUIRE(gone.rows.size() == 1);
  CHECK(gone.rows[0].old_increment == 7);
  CHECK_FALSE(gone.rows[0].new_increment.has_value());
}
