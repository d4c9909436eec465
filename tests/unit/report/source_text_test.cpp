#include "report/source_text.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/catch.hpp"

using memprof::report::find_block_end;
using memprof::report::is_closing_line;
using memprof::report::SourceFiles;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("A function ends with the brace that closes its block") {
  CHECK(find_block_end(lines_of("int f() {\n  if (x) {\n  }\n}\nint g() {\n}\n"), 1, 2) == 4);
  CHECK(find_block_end(lines_of("int f()\n{\n  return 1;\n}\n"), 1, 3) == 4);
  CHECK(find_block_end(lines_of("int f() { return 1; }\nint g() { return 2; }\n"), 1, 1) == 1);
}

TEST_CASE("Braces in comments, strings and characters do not count") {
  CHECK(find_block_end(lines_of("void f() {  // }\n  /* } \n } */ g(\"}\");\n  h('}');\n  h('\\'');\n}\n"), 1, 1) == 6);
  CHECK(find_block_end(lines_of("void f() {\n  g(R\"x(}\n)\" })x\");\n}\n"), 1, 1) == 4);
  CHECK(find_block_end(lines_of("void f() {\n  int i = 1'000'000; g('{');\n}\n"), 1, 1) == 3);
  CHECK(find_block_end(lines_of("fn f<'a>(x: &'a str) {\n  let c = '{';\n}\n"), 1, 1) == 3);
}

TEST_CASE("A constructor's initialisers belong to it") {
  CHECK(find_block_end(lines_of("A::A() : a_{1},\n  b_{2} {\n  run();\n}\nint g() {}\n"), 1, 1) == 4);
}

TEST_CASE("Braces in parameters do not begin the block") {
  CHECK(find_block_end(lines_of("void f(std::vector<int> v = {},\n  int i = 0) {\n  run();\n}\n"), 1, 1) == 4);
}

TEST_CASE("Where no block is found the last known line ends the function") {
  CHECK(find_block_end(lines_of("int f();\nint g() {\n}\n"), 1, 1) == 1);
  CHECK(find_block_end(lines_of("void f() {\n  g();\n"), 1, 2) == 2);
  CHECK(find_block_end({}, 1, 7) == 7);
  CHECK(find_block_end(lines_of("\"unterminated\n/* never closed\n"), 1, 2) == 2);
}

TEST_CASE("A block that ends before a known line is not the whole function") {
  CHECK(find_block_end(lines_of("auto f() try {\n} catch (...) {\n  g();\n}\n"), 1, 3) == 4);
}

TEST_CASE("Lines that only close a block are recognized") {
  for (const char* line : {"}", "  }", "};", "});", "}  // namespace", "}}"}) CHECK(is_closing_line(line));
  for (const char* line : {"", "x}", "} else {", ");", "return a; }"}) CHECK_FALSE(is_closing_line(line));
}

TEST_CASE("A source is found where it was recorded or below a named directory") {
  const auto directory = std::filesystem::temp_directory_path() / "memprof_source_text_test";
  std::filesystem::create_directories(directory / "src");
  std::ofstream(directory / "src/one.c") << "first\r\nsecond";
  SourceFiles files({directory.string()});
  const auto* source = files.find("/elsewhere/project/src/one.c");
  REQUIRE(source != nullptr);
  CHECK(source->lines == std::vector<std::string>{"first", "second"});
  CHECK(source->path == (directory / "src/one.c").string());
  CHECK(files.find("/elsewhere/src/two.c") == nullptr);
  CHECK(files.find("") == nullptr);
  CHECK(files.find(directory.string()) == nullptr);
  CHECK(SourceFiles({}).find("/elsewhere/project/src/one.c") == nullptr);
  std::filesystem::remove_all(directory);
}
