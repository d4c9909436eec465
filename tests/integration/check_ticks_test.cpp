// Growth over the ticks of a program and over its repeats (tests/programs/gate/ticks.cpp).

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;

CommandResult check_ticks(const Arguments& program_arguments, const Arguments& options = {}) {
  Arguments arguments{memprof_program(), "check", "--no-config"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", test_program("gate_ticks")});
  arguments.insert(arguments.end(), program_arguments.begin(), program_arguments.end());
  return run_command(arguments);
}

TEST_CASE("200 runs of a program with random caches raise no alarm") {
  for (int seed = 1; seed <= 200; ++seed) {
    const CommandResult result = check_ticks({"20", "clean", std::to_string(seed)}, {"--warmup", "4"});
    INFO(seed << "\n" << result.out << result.err);
    REQUIRE(result.status == 0);
  }
}

TEST_CASE("one 16-byte block a tick is never missed, from the fifth tick on") {
  for (int seed = 1; seed <= 40; ++seed) {
    const int rounds = seed <= 10 ? 5 : 4 + seed;
    const CommandResult result = check_ticks({std::to_string(rounds), "leak", std::to_string(seed)});
    INFO(seed << "\n" << result.out << result.err);
    REQUIRE(result.status == 1);
    CHECK_THAT(result.out, Contains("leak_one()") && Contains("grows by 1 blocks (16 B) a tick"));
  }
}

TEST_CASE("more ticks than are kept are judged as well") {
  CHECK(check_ticks({"3000", "leak"}).status == 1);
  CHECK(check_ticks({"3000", "clean"}).status == 0);
}

TEST_CASE("the warm-up is not judged, and has to leave enough") {
  CHECK(check_ticks({"20", "leak"}, {"--warmup", "15"}).status == 1);
  const CommandResult few = check_ticks({"20", "leak"}, {"--warmup", "16"});
  CHECK(few.status == 2);
  CHECK_THAT(few.err, Contains("only 4 ticks are left, and 5 are needed"));
  const CommandResult none = run_command(
      {memprof_program(), "check", "--no-config", "--no-tick-growth", "--", test_program("gate_clean_cache")});
  CHECK(none.status == 2);
  CHECK_THAT(none.err, Contains("never called memprof_tick()"));
}

TEST_CASE("a program that leaves more at every repeat fails, one that leaves the same passes") {
  TemporaryDirectory directory;
  // Leaves one block for each byte that its earlier runs have written.
  const std::string source = directory.file("grow.c"), state = directory.file("state"),
                    program = directory.file("grow");
  write_file(source,
             "#include <stdio.h>\n#include <stdlib.h>\nvoid* volatile kept;\n"
             "int main(int argc, char** argv) {\n"
             "  FILE* file = fopen(argv[1], argc > 2 ? \"r\" : \"a+\");\n  if (!file) return 0;\n"
             "  if (argc == 2) fputc('x', file);\n  rewind(file);\n"
             "  while (fgetc(file) != EOF) kept = malloc(8);\n  return fclose(file);\n}\n");
  REQUIRE(run_command({"gcc", "-g", source, "-o", program}).status == 0);
  const auto repeated = [&](const Arguments& arguments) {
    Arguments whole{memprof_program(),
                    "check",
                    "--no-config",
                    "--max-unfreed-blocks",
                    "1000",
                    "--warmup",
                    "1",
                    "--repeat",
                    "5",
                    "--",
                    program};
    whole.insert(whole.end(), arguments.begin(), arguments.end());
    return run_command(whole);
  };
  const CommandResult growing = repeated({state});
  INFO(growing.out << growing.err);
  CHECK(growing.status == 1);
  CHECK_THAT(growing.out, Contains("sites that grow from run to run: 1"));
  CHECK(read_file(state).size() == 6);
  CHECK(repeated({state, "same"}).status == 0);
}

TEST_CASE("what only one of three repeats leaves fails nothing") {
  TemporaryDirectory directory;
  const std::string script = directory.file("flaky.sh"), state = directory.file("state");
  write_file(script, "if [ ! -e " + state + " ]; then touch " + state + "; exec " + test_program("gate_strdup_lost") +
                         "; fi\nexec " + test_program("gate_clean_realloc") + "\n");
  const auto check = [&](const Arguments& options) {
    Arguments arguments{memprof_program(), "check", "--no-config"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "/bin/sh", script});
    return run_command(arguments).status;
  };
  CHECK(check({"--repeat", "3"}) == 0);
  std::filesystem::remove(state);
  CHECK(check({}) == 1);
}

}  // namespace
}  // namespace memprof::test
