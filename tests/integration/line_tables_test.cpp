// The per-line tables of the examples are approved outputs (tests/approved/line_table_*.txt), the same in every run.

#include <filesystem>

#include "tests/approved/approval.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

std::string line_table(const std::string& name, const Arguments& options) {
  TemporaryDirectory directory;
  const std::string profile = directory.file("profile.json");
  CommandOptions in_source;
  in_source.directory = source_directory();
  const CommandResult run =
      run_command({memprof_program(), "run", "--quiet", "-o", profile, "--", example(name)}, in_source);
  INFO(run.err);
  REQUIRE(run.status == 0);
  Arguments lines{memprof_program(), "lines", profile};
  lines.insert(lines.end(), options.begin(), options.end());
  const CommandResult table = run_command(lines, in_source);
  INFO(table.err);
  REQUIRE(table.status == 0);
  return table.out;
}

/// Compilers differ in what they inline, and in the line that they give to the call.
bool approved_for_this_compiler() {
#ifdef __clang__
  WARN("skipped: built with Clang, and the approved tables are those of programs built by GCC");
  return false;
#else
  return true;
#endif
}

TEST_CASE("the proof case: an array of which the first half is freed") {
  if (!approved_for_this_compiler()) return;
  const std::string table = line_table("memory_heavy", {"--function", "memory_heavy"});
  tests::check_approved("line_table_memory_heavy.txt", table);
  // The words of the reference, whatever else was approved.
  CHECK(table.find("Line #    Mem usage    Increment  Occurrences   Line Contents\n"
                   "=============================================================\n"
                   "    10                                           std::vector<std::int64_t> memory_heavy() {\n"
                   "    11      7.6 MiB      7.6 MiB            1      auto* a = new "
                   "std::vector<std::int64_t>(squares(1'000'000));\n"
                   "    12     15.3 MiB      7.6 MiB            1      std::vector<std::int64_t> b = "
                   "cubes(1'000'000);\n"
                   "    13      7.6 MiB     -7.6 MiB            0      delete a;\n"
                   "    14                                             return b;\n") != std::string::npos);
}

TEST_CASE("line table of a C program") {
  tests::check_approved("line_table_word_index.txt", line_table("word_index", {}));
}

TEST_CASE("line table of C++ with inlining at -O2") {
  if (!approved_for_this_compiler()) return;
  tests::check_approved("line_table_inlined.txt", line_table("inlined", {"--file", "*/examples/inlined.cpp"}));
}

TEST_CASE("line table of a Rust program") {
  if (!std::filesystem::exists(example("boxes"))) {
    WARN("skipped: rustc was not found when the project was configured");
    return;
  }
  tests::check_approved("line_table_boxes.txt", line_table("boxes", {"--file", "*/examples/boxes.rs"}));
}

}  // namespace
}  // namespace memprof::test
