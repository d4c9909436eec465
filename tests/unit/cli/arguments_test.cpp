#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>

#include "tests/catch.hpp"

using memprof::cli::split_arguments;
using memprof::cli::TakesProgram;
using Words = std::vector<std::string>;

namespace {

struct Parser {
  CLI::App app{"", "run"};
  std::string output;
  bool quiet = false, flat = false;
  Parser() {
    app.add_option("-o,--output", output);
    app.add_flag("-q,--quiet", quiet);
    app.add_flag("-f,--flat", flat);
  }
};

}  // namespace

TEST_CASE("The profiled program's words begin at the first that is neither option nor value") {
  const Parser parser;
  const auto split = split_arguments({"-o", "x.json", "--quiet", "ls", "-o", "--flat"}, parser.app, TakesProgram::kYes);
  REQUIRE(split.has_value());
  CHECK(split->own == Words{"-o", "x.json", "--quiet"});
  CHECK(split->program == Words{"ls", "-o", "--flat"});
}

TEST_CASE("Values in the same word do not take the next one") {
  const Parser parser;
  CHECK(split_arguments({"--output=x", "ls"}, parser.app, TakesProgram::kYes)->program == Words{"ls"});
  CHECK(split_arguments({"-ox", "ls"}, parser.app, TakesProgram::kYes)->program == Words{"ls"});
  CHECK(split_arguments({"-qf", "ls"}, parser.app, TakesProgram::kYes)->program == Words{"ls"});
  CHECK(split_arguments({"-qo", "x", "ls"}, parser.app, TakesProgram::kYes)->program == Words{"ls"});
}

TEST_CASE("Two dashes end memprof's options and are not the program's") {
  const Parser parser;
  const auto split = split_arguments({"-q", "--", "-odd-name", "--", "x"}, parser.app, TakesProgram::kYes);
  REQUIRE(split.has_value());
  CHECK(split->own == Words{"-q"});
  CHECK(split->program == Words{"-odd-name", "--", "x"});
}

TEST_CASE("A lone dash is a word, not an option") {
  const Parser parser;
  CHECK(split_arguments({"-"}, parser.app, TakesProgram::kNo)->own == Words{"-"});
}

TEST_CASE("Unknown options are refused before the program is started") {
  const Parser parser;
  const auto split = split_arguments({"--outptu=x", "ls"}, parser.app, TakesProgram::kYes);
  REQUIRE_FALSE(split.has_value());
  CHECK(split.error().what == "unknown option '--outptu'");
  CHECK(split.error().hint.find("'--output'") != std::string::npos);
  CHECK_FALSE(split_arguments({"-qx", "ls"}, parser.app, TakesProgram::kYes).has_value());
  CHECK_FALSE(split_arguments({"-o"}, parser.app, TakesProgram::kYes).has_value());
}

TEST_CASE("Of a command that takes a program after dashes only, words before are its own") {
  const Parser parser;
  const auto split =
      split_arguments({"-q", "a.json", "b.json", "--", "ls", "-o"}, parser.app, TakesProgram::kAfterDashes);
  REQUIRE(split.has_value());
  CHECK(split->own == Words{"-q", "a.json", "b.json"});
  CHECK(split->program == Words{"ls", "-o"});
}
