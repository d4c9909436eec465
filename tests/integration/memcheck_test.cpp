// Against an independent count: Memcheck's "total heap usage".

#include <cmath>
#include <regex>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/real_input.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

struct HeapUsage {
  std::uint64_t allocations = 0, frees = 0, bytes = 0;
};

/// Memcheck's figures without its own clearing up of the C and C++ libraries at exit, which no normal run does.
HeapUsage heap_usage(const Arguments& arguments, const CommandOptions& options) {
  Arguments whole{"/usr/bin/valgrind", "--run-libc-freeres=no", "--run-cxx-freeres=no", "--undef-value-errors=no"};
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  std::string report = run_command(whole, options).err;
  report.erase(std::remove(report.begin(), report.end(), ','), report.end());
  std::smatch found;
  INFO(report);
  REQUIRE(std::regex_search(report, found,
                            std::regex(R"(total heap usage: (\d+) allocs (\d+) frees (\d+) bytes allocated)")));
  return {std::stoull(found[1]), std::stoull(found[2]), std::stoull(found[3])};
}

void check_within(double tolerance, std::uint64_t ours, std::uint64_t theirs) {
  const double difference = std::abs(static_cast<double>(ours) - static_cast<double>(theirs));
  CHECK(difference <= tolerance * static_cast<double>(theirs));
}

struct Allowance {
  double share = 0;           ///< of Memcheck's figures
  std::uint64_t threads = 0;  ///< started by the program
};

/// The loader keeps a vector of the thread-local blocks of all libraries for each thread. Where libmemprof.so is loaded
/// it has one entry more, and the loader asks for that much more memory.
constexpr std::uint64_t kThreadVectorEntryBytes = 16;

void check_against_memcheck(const Arguments& arguments, Allowance allowance, const CommandOptions& options = {}) {
  INFO(shown(arguments));
  const HeapUsage memcheck = heap_usage(arguments, options);
  const ProfiledRun run = profiled(arguments, options);
  const Totals& totals = run.only().totals;
  INFO("memprof: " << totals.allocations << " allocations, " << totals.frees << " frees, " << totals.allocated_bytes
                   << " bytes; memcheck: " << memcheck.allocations << ", " << memcheck.frees << ", " << memcheck.bytes);
  check_within(allowance.share, totals.allocations, memcheck.allocations);
  check_within(allowance.share, totals.frees, memcheck.frees);
  check_within(allowance.share, totals.allocated_bytes, memcheck.bytes + allowance.threads * kThreadVectorEntryBytes);
}

constexpr Allowance kTenthOfAPercent{0.001, 0};

// The others: Memcheck has no fork_child's "inherited", runs vfork as fork (spawn), stops where new throws, and cached
// thread stacks depend on the schedule (short_threads).
TEST_CASE("the programs with known figures agree with Memcheck exactly") {
  const Arguments program = GENERATE(Arguments{"all_hooks", "--for-memcheck"}, Arguments{"cxx_new", "--for-memcheck"},
                                     Arguments{"huge_sizes", "--for-memcheck"}, Arguments{"errno_kept"},
                                     Arguments{"known_peak"}, Arguments{"deep_recursion", "10000"}, Arguments{"fibers"},
                                     Arguments{"static_destructors"}, Arguments{"exceptions"});
  Arguments arguments = program;
  arguments[0] = test_program(program[0]);
  check_against_memcheck(arguments, {});
}

TEST_CASE("the programs with threads agree with Memcheck exactly") {
  check_against_memcheck({test_program("temporary")}, {0, 4});
  check_against_memcheck({test_program("hand_over")}, {0, 8});
  check_against_memcheck({test_program("realloc_storm")}, {0, 8});
}

TEST_CASE("jq agrees with Memcheck within 0.1 %") {
  TemporaryDirectory directory;
  write_file(directory.file("input.json"), json_of_ten_megabytes());
  check_against_memcheck({"/usr/bin/jq", "length", directory.file("input.json")}, kTenthOfAPercent);
}

TEST_CASE("sqlite3 agrees with Memcheck within 0.1 %") {
  CommandOptions options;
  options.input = sql_of_200000_rows();
  check_against_memcheck({"/usr/bin/sqlite3", ":memory:"}, kTenthOfAPercent, options);
}

}  // namespace
}  // namespace memprof::test
