#include "report/line_table.hpp"

#include <filesystem>
#include <fstream>

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

using namespace memprof;
using namespace memprof::report;
using memprof::tests::FrameText;
using memprof::tests::ProfileBuilder;

namespace {

/// A directory with one source file, gone with the object.
class SourceDirectory {
 public:
  explicit SourceDirectory(const std::string& text) {
    path_ = std::filesystem::temp_directory_path() / "memprof_line_table_test";
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "app.cpp") << text;
  }
  SourceDirectory(const SourceDirectory&) = delete;
  SourceDirectory& operator=(const SourceDirectory&) = delete;
  ~SourceDirectory() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_.string(); }
  std::string file() const { return (path_ / "app.cpp").string(); }

 private:
  std::filesystem::path path_;
};

const char* const kText =
    "void make() {\n"       // 1
    "  a = new int[10];\n"  // 2
    "\n"                    // 3
    "  delete[] a;\n"       // 4
    "}\n"                   // 5
    "int main() {\n"        // 6
    "  make();\n"           // 7
    "}\n";                  // 8

FrameText at(const SourceDirectory& source, const std::string& function, std::uint32_t line, std::uint32_t first) {
  return {.function = function, .file = source.file(), .line = line, .function_line = first};
}

std::vector<FunctionTable> tables(const Profile& profile, const LineTableOptions& options) {
  auto made = line_tables(profile, options);
  REQUIRE(made.has_value());
  return std::move(made->functions);
}

std::vector<std::uint32_t> lines(const FunctionTable& table) {
  std::vector<std::uint32_t> list;
  for (const LineRow& row : table.rows) list.push_back(row.line);
  return list;
}

using Lines = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("The whole function is listed, with inclusive figures on its lines") {
  const SourceDirectory source(kText);
  ProfileBuilder builder;
  builder.allocations({at(source, "make()", 2, 1), at(source, "main", 7, 6)}, 1, 40, 0).highest_heap = 40;
  builder.frees({at(source, "make()", 4, 1), at(source, "main", 7, 6)}, 1, 40).highest_heap = 0;
  const auto made = tables(builder.finished(), {.directories = {source.path()}});
  REQUIRE(made.size() == 2);
  CHECK(made[0].function == "make()");
  CHECK(made[0].user_code);
  CHECK(lines(made[0]) == Lines{1, 2, 3, 4});
  CHECK_FALSE(made[0].rows[0].has_events);
  CHECK(made[0].rows[1].sums.highest_heap == 40);
  CHECK(made[0].rows[1].sums.increment() == 40);
  CHECK(made[0].rows[1].sums.allocations == 1);
  CHECK(made[0].rows[1].text == "  a = new int[10];");
  CHECK(made[0].rows[3].sums.increment() == -40);
  CHECK(made[0].rows[3].sums.allocations == 0);
  CHECK(made[0].largest_increment == 40);
  CHECK(made[1].function == "main");
  CHECK(made[1].rows[1].sums.increment() == 0);
  CHECK(made[1].rows[1].sums.highest_heap == 40);
  CHECK(made[1].rows[1].self_allocated_bytes == 0);
}

TEST_CASE("The closing brace is listed when something happened there") {
  const SourceDirectory source(kText);
  ProfileBuilder builder;
  builder.frees({at(source, "make()", 5, 1)}, 1, 40);
  CHECK(lines(tables(builder.finished(), {})[0]) == Lines{1, 2, 3, 4, 5});
}

TEST_CASE("A recursive line counts each event once") {
  const SourceDirectory source(kText);
  const FrameText again = at(source, "make()", 2, 1);
  ProfileBuilder builder;
  builder.allocations({again, again, again}, 2, 8, 2);
  const auto made = tables(builder.finished(), {});
  CHECK(made[0].rows[1].sums.allocations == 2);
  CHECK(made[0].rows[1].sums.increment() == 16);
}

TEST_CASE("Inlined frames count like called ones, and their copies are one function") {
  const SourceDirectory source(kText);
  FrameText inlined = at(source, "make()", 2, 1);
  inlined.inlined = true;
  ProfileBuilder builder;
  builder.allocations({inlined, at(source, "main", 7, 6)}, 1, 8, 1);
  builder.allocations({at(source, "make()", 2, 1)}, 1, 8, 1);
  const auto made = tables(builder.finished(), {.function = "make"});
  REQUIRE(made.size() == 1);
  CHECK(made[0].rows[1].sums.increment() == 16);
}

TEST_CASE("Instances of a template are one function, and frames without its first line join it by name") {
  const SourceDirectory source(kText);
  ProfileBuilder builder;
  builder.allocations({at(source, "make<long>()", 2, 1)}, 1, 8, 1);
  builder.allocations({at(source, "make<int>()", 2, 1)}, 1, 8, 1);
  builder.allocations({at(source, "make<int>()", 4, 0)}, 1, 8, 1);
  const auto made = tables(builder.finished(), {});
  REQUIRE(made.size() == 1);
  CHECK(made[0].function == "make<int>()");
  CHECK(made[0].rows[1].sums.increment() == 16);
}

TEST_CASE("A lambda is shown in the function around it only, unless it is asked for") {
  const SourceDirectory source(
      "int main() {\n"
      "  auto grow = [] {\n"
      "    return new int;\n"
      "  };\n"
      "  grow();\n"
      "}\n");
  ProfileBuilder builder;
  builder.allocations({at(source, "main::{lambda()#1}::operator()() const", 3, 2), at(source, "main", 5, 1)}, 1, 4, 1);
  const Profile profile = builder.finished();
  const auto made = tables(profile, {});
  REQUIRE(made.size() == 1);
  CHECK(made[0].function == "main");
  CHECK(made[0].rows[2].sums.increment() == 4);
  CHECK(tables(profile, {.function = "lambda"}).size() == 1);
}

TEST_CASE("Without source only lines with events are listed, and the text is missing") {
  ProfileBuilder builder;
  builder.allocations({{.function = "f()", .file = "/nowhere/f.c", .line = 9, .function_line = 3}}, 1, 4, 1);
  builder.allocations({{.function = "f()", .file = "/nowhere/f.c", .line = 20, .function_line = 3}}, 1, 4, 1);
  const auto made = tables(builder.finished(), {});
  REQUIRE(made.size() == 1);
  CHECK(lines(made[0]) == Lines{3, 9, 20});
  CHECK(made[0].source_path.empty());
  CHECK_FALSE(made[0].user_code);
}

TEST_CASE("User code comes first, then the largest absolute increment") {
  const SourceDirectory source(kText);
  ProfileBuilder builder;
  builder.allocations({{.function = "library()", .file = "/nowhere/lib.c", .line = 9, .function_line = 3}}, 1, 900, 1);
  builder.allocations({at(source, "make()", 2, 1)}, 1, 8, 1);
  builder.frees({at(source, "main", 7, 6)}, 1, 16);
  const auto made = tables(builder.finished(), {.directories = {source.path()}});
  REQUIRE(made.size() == 3);
  CHECK(made[0].function == "main");
  CHECK(made[0].largest_increment == -16);
  CHECK(made[1].function == "make()");
  CHECK(made[2].function == "library()");
}

TEST_CASE("Functions of standard libraries are left out and counted unless they are asked for") {
  const SourceDirectory source(kText);
  const FrameText allocate{.function = "std::allocator<int>::allocate(unsigned long)",
                           .file = "/usr/include/c++/12/bits/allocator.h",
                           .line = 5};
  ProfileBuilder builder;
  builder.allocations({allocate, at(source, "make()", 2, 1)}, 1, 8, 1);
  const Profile profile = builder.finished();
  CHECK(tables(profile, {}).size() == 1);
  CHECK(line_tables(profile, {})->library_left_out == 1);
  CHECK(tables(profile, {.library = true}).size() == 2);
  CHECK(tables(profile, {.function = "allocate"}).size() == 1);
  CHECK(tables(profile, {.files = {"/usr/*"}}).size() == 1);
}

TEST_CASE("Functions and files can be chosen") {
  const SourceDirectory source(kText);
  ProfileBuilder builder;
  builder.allocations({at(source, "make()", 2, 1), at(source, "main", 7, 6)}, 1, 8, 1);
  const Profile profile = builder.finished();
  CHECK(tables(profile, {.function = "^ma(ke|in)"}).size() == 2);
  CHECK(tables(profile, {.function = "^main$"}).size() == 1);
  CHECK(tables(profile, {.files = {"other.cpp", "app.*"}}).size() == 2);
  CHECK(tables(profile, {.files = {"other.cpp"}}).empty());
  CHECK_FALSE(line_tables(profile, {.function = "("}).has_value());
}

TEST_CASE("A source that ends before a known line is not guessed at") {
  const SourceDirectory source("int main() {\n}\n");
  ProfileBuilder builder;
  builder.allocations({at(source, "main", 70, 1)}, 1, 8, 1);
  CHECK(lines(tables(builder.finished(), {})[0]) == Lines{1, 70});
}

TEST_CASE("An empty profile has no tables") { CHECK(tables(Profile{}, {}).empty()); }
