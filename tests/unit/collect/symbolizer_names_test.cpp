// What compilers write about functions and lines, read back from programs that print their own addresses.
#include "collect/symbolizer.hpp"
#include "tests/catch.hpp"
#include "tests/unit/collect/symbol_fixture.hpp"

using namespace memprof;
using memprof::test::line_of;
using memprof::test::look_up;
using Lines = std::vector<std::string>;

namespace {

std::string at(const std::string& function, const std::string& source, const std::string& what,
               const std::string& flags = {}) {
  return function + " " + source + ":" + std::to_string(line_of(source, what)) + flags;
}

std::string shape(const std::string& function, const std::string& what, const std::string& flags = {}) {
  return at(function, "shapes.cpp", what, flags);
}

/// Compilers that are here; says loudly which is not.
std::vector<std::string> compilers() {
  std::vector<std::string> found;
  if (MEMPROF_HAVE_GCC) found.emplace_back("gcc");
  if (MEMPROF_HAVE_CLANG) found.emplace_back("clang");
  if (!MEMPROF_HAVE_GCC) WARN("SKIPPED: gcc and g++ are not installed, what they write is not tested");
  if (!MEMPROF_HAVE_CLANG) WARN("SKIPPED: clang and clang++ are not installed, what they write is not tested");
  return found;
}

void check_full_debug_info(const test::MarkedProgram& program, const std::string& compiler) {
  INFO(program.path);
  const collect::ModuleImage image{program.path, program.build_id, -1};
  const auto frames = [&](const char* mark) { return look_up(image, program.mark(mark)); };
  CHECK(frames("inlined") == Lines{shape("shapes::Box<int>::fill(int)", "fill marks", " inlined"),
                                   shape("shapes::middle(int)", "middle calls", " inlined"),
                                   shape("shapes::outer(int)", "outer calls")});
  CHECK(frames("plain") == Lines{shape("shapes::outer(int)", "outer marks")});
  CHECK(frames("method") ==
        Lines{shape("shapes::Outer::Inner::method(shapes::Outer const&, unsigned long) const", "method marks")});
  CHECK(frames("hidden") == Lines{shape("(anonymous namespace)::hidden(int, char* const*)", "hidden marks")});
  CHECK(frames("secret") == Lines{shape("(anonymous namespace)::Secret::reveal()", "reveal marks", " inlined"),
                                  shape("main", "main reveals")});
  CHECK(frames("static") == Lines{shape("file_static(double)", "static marks")});
  CHECK(frames("local") == Lines{shape("c_function::Local::run(int)", "local marks")});
  const bool gcc = compiler == "gcc";
  CHECK(frames("lambda") == Lines{shape(gcc ? "c_function::{lambda(int)#1}::operator()(int) const"
                                            : "c_function::$_0::operator()(int) const",
                                        "lambda marks")});
  const std::string verbose = frames("verbose").at(0);
  CHECK(verbose.starts_with("void shapes::verbose<shapes::Pair<"));
  CHECK(verbose.size() > 1024);
}

}  // namespace

TEST_CASE("GCC and Clang, with and without optimization, DWARF 4 and 5: chains of inlined functions with their lines") {
  for (const auto& compiler : compilers()) {
    for (const char* variant : {"O0-dwarf4", "O0-dwarf5", "O2-dwarf4", "O2-dwarf5", "types", "split"}) {
      check_full_debug_info(test::run_program(test::program_path("shapes-" + compiler + "-" + variant)), compiler);
    }
  }
  if (MEMPROF_HAVE_GCC) check_full_debug_info(test::run_program(test::program_path("shapes-gcc-compressed")), "gcc");
}

TEST_CASE("a frame says where its function begins, and its file is absolute") {
  for (const auto& compiler : compilers()) {
    const auto program = test::run_program(test::program_path("shapes-" + compiler + "-O2-dwarf5"));
    collect::Symbolizer symbolizer({{program.path, program.build_id, -1}}, test::no_debug_directories());
    const std::vector<collect::CodeLocation> locations = {
        {0, program.mark("inlined")}, {0, program.mark("method")}, {0, program.mark("lambda")}};
    const auto chains = symbolizer.resolve(locations);
    REQUIRE(chains[0].size() == 3);
    CHECK(chains[0][0].function_line == line_of("shapes.cpp", "fill"));
    CHECK(chains[0][1].function_line == line_of("shapes.cpp", "middle"));
    CHECK(chains[0][2].function_line == line_of("shapes.cpp", "outer"));
    CHECK(chains[1][0].function_line == line_of("shapes.cpp", "method"));
    CHECK(chains[2][0].function_line == line_of("shapes.cpp", "lambda"));
    CHECK(chains[0][0].file == std::string(MEMPROF_SYMBOL_SOURCES) + "/shapes.cpp");
    CHECK(symbolizer.symbols_found(0));
    CHECK(symbolizer.notes().empty());
  }
}

TEST_CASE("with line tables only, ELF symbols name the functions that were not inlined") {
  for (const auto& compiler : compilers()) {
    const auto program = test::run_program(test::program_path("shapes-" + compiler + "-lines"));
    INFO(program.path);
    const collect::ModuleImage image{program.path, program.build_id, -1};
    CHECK(look_up(image, program.mark("plain")) == Lines{shape("shapes::outer(int)", "outer marks")});
    CHECK(look_up(image, program.mark("hidden")) ==
          Lines{shape("(anonymous namespace)::hidden(int, char* const*)", "hidden marks")});
    const auto inlined = look_up(image, program.mark("inlined"));
    REQUIRE(inlined.size() == 3);
    CHECK(inlined[2] == shape("shapes::outer(int)", "outer calls"));
  }
}

TEST_CASE("C functions keep their names") {
  for (const auto& compiler : compilers()) {
    const auto program = test::run_program(test::program_path("plain-" + compiler));
    INFO(program.path);
    const collect::ModuleImage image{program.path, program.build_id, -1};
    CHECK(look_up(image, program.mark("inlined")) ==
          Lines{at("small", "plain.c", "small marks", " inlined"), at("local", "plain.c", "local calls")});
    CHECK(look_up(image, program.mark("global")) == Lines{at("global", "plain.c", "global marks")});
    CHECK(look_up(image, program.mark("main")) == Lines{at("main", "plain.c", "main marks")});
  }
}

TEST_CASE("Rust functions have paths without hashes, in both manglings") {
  if (!MEMPROF_HAVE_RUSTC) {
    WARN("SKIPPED: rustc is not installed, what it writes is not tested");
    return;
  }
  for (const std::string mangling : {"default", "v0"}) {
    const auto program = test::run_program(test::program_path("crates-" + mangling));
    INFO(program.path);
    const collect::ModuleImage image{program.path, program.build_id, -1};
    const std::string crate = "crates_" + mangling;
    const auto inlined = look_up(image, program.mark("inlined"));
    REQUIRE(inlined.size() >= 2);
    CHECK(inlined[0].find("::small crates.rs:" + std::to_string(line_of("crates.rs", "small marks"))) !=
          std::string::npos);
    CHECK(inlined[1].find("::outer crates.rs:" + std::to_string(line_of("crates.rs", "outer calls"))) !=
          std::string::npos);
    const auto method = look_up(image, program.mark("method"));
    REQUIRE(method.size() == 1);
    CHECK(method[0].find("Holder<") != std::string::npos);
    CHECK(method[0].find("::hold crates.rs:" + std::to_string(line_of("crates.rs", "hold marks"))) !=
          std::string::npos);
    for (const auto& frame : {inlined[0], inlined[1], method[0]}) {
      CHECK(frame.find("::h") == frame.find("::hold"));
      CHECK(frame.find('$') == std::string::npos);
    }
  }
}
