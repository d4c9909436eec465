#include "report/gate_pattern.hpp"

#include "tests/catch.hpp"
#include "tests/unit/report/sample_profile.hpp"

namespace memprof::report {
namespace {

using tests::ProfileBuilder;

/// Whether the stack load_file ← ns::Parser<int>::read(int) ← main belongs.
bool belongs(const std::string& pattern) {
  ProfileBuilder builder;
  const NodeIndex stack =
      builder
          .allocations({{.function = "load_file", .file = "/src/json/load.c", .module = "/opt/libload.so.2"},
                        {.function = "void ns::Parser<int>::read(int)", .file = "/src/parser.cpp"},
                        {.function = "main", .file = "/src/main.cpp"}},
                       1, 8, 1)
          .stack;
  const Profile profile = builder.finished();
  const FunctionPaths paths(profile);
  const GatePattern glob(pattern);
  const bool found = glob.stacks(profile, paths)[stack];
  CHECK(glob.matches_anything(profile, paths) == found);
  return found;
}

TEST_CASE("a pattern names functions, files or modules") {
  for (const char* pattern : {"", "load_file", "ns::Parser::read", "ns::Parser::*", "void ns::Parser<int>::read(int)",
                              "load.c", "*/json/*", "*.cpp", "libload.so*", "/opt/*", "main"}) {
    INFO(pattern);
    CHECK(belongs(pattern));
  }
  for (const char* pattern : {"load", "Parser::*", "json/*", "other.c", "libload", "/json/*"}) {
    INFO(pattern);
    CHECK_FALSE(belongs(pattern));
  }
}

TEST_CASE("a pattern names a piece of a call stack") {
  for (const char* pattern : {"load_file <- ns::Parser::*", "load* <- ... <- main", "ns::Parser::read <- main",
                              "load_file <- ... <- ns::Parser::read", "load_file<-ns::Parser::read<-main"}) {
    INFO(pattern);
    CHECK(belongs(pattern));
  }
  for (const char* pattern : {"load_file <- main", "main <- ns::Parser::read", "load_file <- ... <- other"}) {
    INFO(pattern);
    CHECK_FALSE(belongs(pattern));
  }
}

}  // namespace
}  // namespace memprof::report
