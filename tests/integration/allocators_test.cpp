// Programs on other allocators: preloaded by the user, or linked with the program.

#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

/// Also proves that the allocator is there: it is among the profile's modules.
void check_on(const std::string& allocator, const Arguments& arguments, Scope scope, const CommandOptions& options) {
  INFO(allocator << ": " << shown(arguments));
  CommandOptions quick = options;
  quick.timeout = std::chrono::seconds(60);
  const ProfiledRun run = profiled(arguments, quick);
  INFO(run.command.err);
  REQUIRE(run.command.status == 0);
  for (const Expectation& expected : expectations(run.command.out)) {
    const Profile& profile = profile_of(run, expected.pid);
    check_quality(profile);
    check_figures(profile, expected, scope);
  }
}

struct Allocator {
  const char* name;
  const char* file;
};

// Where Debian installs them (scripts/install-deps does).
Allocator each_allocator() {
  const std::string where = "/usr/lib/x86_64-linux-gnu/";
  static const std::string jemalloc = where + "libjemalloc.so.2", tcmalloc = where + "libtcmalloc_minimal.so.4",
                           mimalloc = where + "libmimalloc.so.2.0";
  return GENERATE(Allocator{"jemalloc", jemalloc.c_str()}, Allocator{"tcmalloc", tcmalloc.c_str()},
                  Allocator{"mimalloc", mimalloc.c_str()});
}

// Not how operator new fails, which each of them does in its own way: mimalloc ends the program.
TEST_CASE("programs on a preloaded jemalloc, tcmalloc or mimalloc are recorded exactly") {
  const Allocator allocator = each_allocator();
  REQUIRE(std::filesystem::exists(allocator.file));
  CommandOptions options;
  options.environment = {{"LD_PRELOAD", allocator.file}};
  check_on(allocator.name, {test_program("hand_over")}, Scope::kOwn, options);
  check_on(allocator.name, {test_program("realloc_storm"), "5000"}, Scope::kOwn, options);
  check_on(allocator.name, {test_program("cxx_new"), "--for-memcheck"}, Scope::kUnder, options);
  check_on(allocator.name, {test_program("exceptions")}, Scope::kUnder, options);
  check_on(allocator.name, {test_program("tls_destructors")}, Scope::kOwn, options);
  check_on(allocator.name, {test_program("short_threads"), "500"}, Scope::kOwn, options);
  check_on(allocator.name, {test_program("fork_child")}, Scope::kOwn, options);
  check_on(allocator.name, {test_program("fork_threads"), "4"}, Scope::kOwn, options);
}

TEST_CASE("programs that are linked with jemalloc, tcmalloc or mimalloc are recorded exactly") {
  for (const char* allocator : {"jemalloc", "tcmalloc", "mimalloc"}) {
    for (const char* program : {"hand_over", "cxx_new", "fork_threads"}) {
      const std::string file = test_program(std::string(program) + "_" + allocator);
      REQUIRE(std::filesystem::exists(file));
      const bool cxx = std::string(program) == "cxx_new";
      check_on(allocator, {file, cxx ? "--for-memcheck" : "4"}, cxx ? Scope::kUnder : Scope::kOwn, {});
    }
  }
}

}  // namespace
}  // namespace memprof::test
