// Every allocation function, exactly: programs that count for themselves.

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

/// Runs a program of one process natively and profiled; it must behave the same and be counted exactly.
Profile check_program(const Arguments& arguments, Scope scope) {
  CommandResult native = run_command(arguments);
  ProfiledRun run = profiled(arguments);
  CHECK(native.status == 0);
  CHECK(run.command.status == native.status);
  CHECK(run.command.err == native.err);
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), scope);
  return profile;
}

Profile check_program(const std::string& name, Scope scope) {
  return check_program(Arguments{test_program(name)}, scope);
}

TEST_CASE("every C allocation function is counted as malloc(3) describes it") {
  check_program("all_hooks", Scope::kProcess);
}

TEST_CASE("every form of operator new and delete is one event of the size asked for") {
  check_program("cxx_new", Scope::kUnder);
}

TEST_CASE("blocks of 4 GiB and more keep their sizes") {
  Profile profile = check_program("huge_sizes", Scope::kProcess);
  CHECK(profile.totals.peak_bytes >= std::uint64_t{8} << 30);
}

TEST_CASE("failed allocations are counted, keep errno, and change nothing else") {
  check_program("failing", Scope::kProcess);
}

TEST_CASE("errno is what it is without memprof") { check_program("errno_kept", Scope::kProcess); }

TEST_CASE("the shares of one common peak are exact") {
  Profile profile = check_program("known_peak", Scope::kProcess);
  CHECK(profile.totals.peak_time_s <= profile.process.duration_s);
  std::uint64_t shares = 0;
  for (const Site& site : profile.sites) shares += site.peak_bytes;
  CHECK(shares == profile.totals.peak_bytes);
}

TEST_CASE("a realloc chain is one allocation and one free a step") {
  const Profile profile = check_program("known_peak", Scope::kProcess);
  CHECK(figure_of_function(profile, "allocations", "grown") == 2);
  CHECK(figure_of_function(profile, "allocated_bytes", "grown") == 4500);
  CHECK(figure_of_function(profile, "frees", "grown") == 2);
  CHECK(figure_of_function(profile, "freed_bytes", "grown") == 2000);
}

TEST_CASE("temporary allocations are those that their own thread frees before its next") {
  check_program("temporary", Scope::kOwn);
}

TEST_CASE("frees after main are recorded") { check_program("static_destructors", Scope::kOwn); }

TEST_CASE("exceptions through allocating frames are recorded exactly") { check_program("exceptions", Scope::kUnder); }

TEST_CASE("a program may close every descriptor and go elsewhere") {
  TemporaryDirectory directory;
  Profile profile = check_program({test_program("lost_descriptors"), directory.file("written")}, Scope::kProcess);
  CHECK(read_file(directory.file("written")) == std::string(20, 'x'));  // natively and profiled
}

}  // namespace
}  // namespace memprof::test
