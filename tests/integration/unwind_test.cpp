// Every stack is the right one: programs run with the library that compares each of its stacks with libunwind's (and in
// doubt libgcc's, see preload/unwind_check.hpp).

#include <numeric>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/real_input.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

struct Checks {
  std::uint64_t stacks = 0;       ///< compared
  std::uint64_t differences = 0;  ///< found otherwise by everybody else
  std::uint64_t truncated = 0;
  std::uint64_t long_ways = 0;  ///< stacks that took more than rows
};

/// Runs a program that must end with status 0 under the checking library. Sums over all its processes.
Checks checked(const Arguments& arguments, const CommandOptions& options = {}) {
  INFO(shown(arguments));
  TemporaryDirectory directory;
  Arguments whole{MEMPROF_TEST_CHECKED, "run", "--quiet", "-o", directory.file("profile.json"), "--"};
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  const CommandResult result = run_command(whole, options);
  INFO(result.err);
  REQUIRE(result.status == 0);
  Checks sum;
  for (const Profile& profile : read_profiles(directory.path())) {
    CHECK(profile.capture.complete);
    sum.stacks += profile.capture.unwind_checked;
    sum.differences += profile.capture.unwind_differences;
    sum.truncated += profile.capture.truncated_stacks;
    sum.long_ways += profile.capture.unwind_fallbacks;
  }
  return sum;
}

Checks checked_program(const std::string& name, const Arguments& arguments = {}) {
  Arguments whole{test_program("unwind_" + name)};
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  return checked(whole);
}

void check_exact(const Checks& checks, std::uint64_t least_stacks) {
  CHECK(checks.stacks >= least_stacks);
  CHECK(checks.differences == 0);
  CHECK(checks.truncated == 0);
}

TEST_CASE("alloca and variable-length arrays") { check_exact(checked_program("alloca"), 20'000); }

TEST_CASE("realigned stacks") {
  for (const char* name : {"realigned", "realigned_all"}) {
    const Checks checks = checked_program(name);
    check_exact(checks, 20'000);
#if !defined(__clang__)  // which gives the programs no rule that does not fit in a row
    CHECK(checks.long_ways > 0);
#endif
  }
}

TEST_CASE("exceptions thrown through frames that allocate") { check_exact(checked_program("exceptions"), 5'000); }

TEST_CASE("longjmp") { check_exact(checked_program("longjmp"), 10'000); }

TEST_CASE("swapcontext fibers") { check_exact(checked_program("fibers"), 5'000); }

TEST_CASE("signal handlers, on alternate stacks too") {
  const Checks checks = checked_program("signals");
  check_exact(checks, 10'000);
  CHECK(checks.long_ways > 100);
}

TEST_CASE("signal handlers within hooks") { check_exact(checked({test_program("signal_storm")}), 100'000); }

TEST_CASE("libraries that follow one another at one address") {
  check_exact(checked_program("dlclose", {test_program("unwind_plugin_264.so"), test_program("unwind_plugin_400.so")}),
              1'500);
}

TEST_CASE("tail calls") { check_exact(checked_program("tail_calls"), 20'000); }

TEST_CASE("a recursion 10,000 deep that allocates at every level") {
  check_exact(checked_program("deep", {"10000"}), 20'000);
  check_exact(checked_program("deep_with_rbp", {"10000"}), 20'000);
}

TEST_CASE("calls that never return, at the end of functions") { check_exact(checked_program("noreturn"), 500); }

TEST_CASE("with and without optimisation and frame pointers") {
  for (const char* name : {"mixed_O0", "mixed_O0_with_rbp", "mixed_O2", "mixed_O2_with_rbp"}) {
    check_exact(checked_program(name), 20'000);
  }
}

TEST_CASE("hand-written code with rules of every kind") {
  const Checks checks = checked_program("odd");
  check_exact(checks, 30'000);
  CHECK(checks.long_ways > 1'000);
}

TEST_CASE("allocation in the middle of lazy binding") {
  const Checks checks = checked_program("lazy");
  check_exact(checks, 20);
  CHECK(checks.long_ways > 0);
}

TEST_CASE("code without call frame information cuts the stack") {
  const Checks checks = checked_program("lies");
  // 20 calls each of assembly and of generated code, two pairs of events. (libunwind may allocate on top, once.)
  CHECK(checks.truncated >= 160);
  CHECK(checks.truncated <= 161);
  CHECK(checks.differences == 0);
}

// Not with the checking library: libunwind follows such frames into memory that isn't there.
TEST_CASE("frames that lie, and stacks entered by a jump, harm nothing") {
  for (const Arguments& arguments :
       {Arguments{test_program("unwind_lies"), "rubbish"}, Arguments{test_program("unwind_fibers"), "jump"}}) {
    const ProfiledRun run = profiled(arguments);
    CHECK(run.command.status == 0);
    check_quality(run.only());
    CHECK(run.only().capture.truncated_stacks > 100);
  }
}

TEST_CASE("jq's stacks") {
  TemporaryDirectory directory;
  write_file(directory.file("input.json"), json_of_ten_megabytes());
  check_exact(checked({"/usr/bin/jq", "[.[] | select(.id % 3 == 0) | .name] | length", directory.file("input.json")}),
              1'000'000);
}

TEST_CASE("sqlite3's stacks") {
  CommandOptions options;
  options.input = sql_of_200000_rows();
  check_exact(checked({"/usr/bin/sqlite3", ":memory:"}, options), 100'000);
}

TEST_CASE("python3's stacks") {
  CommandOptions options;
  options.environment = {{"PYTHONMALLOC", "malloc"}};
  check_exact(checked({"/usr/bin/python3", "-c",
                       "import json, re, collections\n"
                       "text = json.dumps([{'id': i, 'name': f'row {i}'} for i in range(5000)])\n"
                       "print(len(json.loads(text)), len(collections.Counter(re.findall('[0-9]+', text))))\n"},
                      options),
              100'000);
}

TEST_CASE("perl's stacks") {
  check_exact(checked({"/usr/bin/perl", "-MPOSIX", "-e",
                       "my %h; for my $i (1..20000) { $h{\"key$i\"} = [1..3]; }"
                       "my $s = 0; $s += @{$h{$_}} for sort keys %h; print \"$s\\n\";"}),
              50'000);
}

TEST_CASE("g++'s and its children's stacks") {
  TemporaryDirectory directory;
  write_file(directory.file("words.cpp"),
             "#include <map>\n#include <string>\n"
             "int count(const std::map<std::string, int>& words) { return int(words.size()); }\n");
  check_exact(checked({"/usr/bin/g++", "-O1", "-c", directory.file("words.cpp"), "-o", directory.file("words.o")}),
              200'000);
}

}  // namespace
}  // namespace memprof::test
