// The options and exit statuses of `memprof check`.

#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/real_input.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

CommandResult check(const Arguments& words, const CommandOptions& options = {}) {
  Arguments arguments{memprof_program(), "check"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return run_command(arguments, options);
}

std::string leaky() { return test_program("gate_lost_in_loop"); }

/// Profiles of programs, made once.
struct Profiles {
  TemporaryDirectory directory;
  std::string leaky_file = directory.file("leaky.json"), failing_file = directory.file("failing.json");
  Profiles() {
    REQUIRE(run_command({memprof_program(), "run", "-q", "-o", leaky_file, "--", leaky()}).status == 0);
    REQUIRE(run_command({memprof_program(), "run", "-q", "-o", failing_file, "--", "/bin/false"}).status == 1);
  }
};

TEST_CASE("a profile and the run that made it are judged alike") {
  const Profiles profiles;
  CHECK(check({profiles.leaky_file}).status == 1);
  CHECK(check({"--max-unfreed-bytes", "144", profiles.leaky_file}).status == 0);
  CHECK(check({"--max-unfreed-bytes", "287", profiles.leaky_file, profiles.leaky_file}).status == 1);
  CHECK(check({"--max-unfreed-bytes", "288", profiles.leaky_file, profiles.leaky_file}).status == 0);
  const CommandResult failed = check({profiles.failing_file});
  CHECK(failed.status == 4);
  CHECK_THAT(failed.out, Catch::StartsWith("fail: false ended with status 1\n"));
  CHECK(check({"--ignore-exit-status", profiles.failing_file}).status == 0);
}

TEST_CASE("a program that fails, is killed or cannot be started") {
  const CommandResult failed = check({"--", "/bin/sh", "-c", "exit 3"});
  CHECK(failed.status == 4);
  CHECK_THAT(failed.out, Catch::StartsWith("fail: /bin/sh ended with status 3\n"));
  const CommandResult killed = check({"--", "/bin/sh", "-c", "kill -9 $$"});
  CHECK(killed.status == 4);
  CHECK_THAT(killed.out, Contains("/bin/sh was killed by signal 9"));
  CHECK(check({"--ignore-exit-status", "--", "/bin/sh", "-c", "exit 3"}).status == 0);
  CHECK(check({"--", "/nonexistent/program"}).status == 2);
  CHECK(check({"--", "/etc/passwd"}).status == 2);
  const CommandResult no_dashes = check({"/bin/true"});
  CHECK(no_dashes.status == 2);
  CHECK_THAT(no_dashes.err, Contains("hint: to run it: memprof check -- /bin/true"));
}

TEST_CASE("a profile that is not complete has the status 3") {
  const Profiles profiles;
  std::string text = read_file(profiles.leaky_file);
  const std::string complete = "\"complete\":true,\"incomplete_reasons\":[]";
  const std::size_t at = text.find(complete);
  REQUIRE(at != std::string::npos);
  text.replace(at, complete.size(), "\"complete\":false,\"incomplete_reasons\":[\"events were dropped\"]");
  const std::string file = profiles.directory.file("incomplete.json");
  write_file(file, text);
  const CommandResult result = check({"--max-peak", "1GiB", file});
  CHECK(result.status == 3);
  CHECK_THAT(result.out, Contains("fail: the profile is not complete") && Contains("events were dropped"));
  CHECK(check({"--max-peak", "1GiB", "--allow-incomplete", file}).status == 0);
}

TEST_CASE("wrong words are refused with a sentence and status 2, and nothing is run") {
  static const TemporaryDirectory directory;  // the generator keeps the names of the first round
  const std::string witness = directory.file("witness"), broken = directory.file("broken.supp"),
                    future = directory.file("future.baseline"), config = directory.file("wrong.toml");
  write_file(broken, "leak:fine\nbroken\n");
  write_file(future, "memprof-baseline 99\n");
  write_file(config, "[check]\nmax-peak = \"12 parsecs\"\n");
  const auto [words, complaint] = GENERATE_COPY(table<Arguments, std::string>({
      {{"--max-peak", "12 parsecs"}, "'12 parsecs' is not a size"},
      {{"--max-allocations", "many"}, "'many' is not a whole number"},
      {{"--max-peak", ""}, "'' is not a size"},
      {{"--max-growth", ""}, "'' is not a percentage"},
      {{"--baseline", ""}, "no file is named"},
      {{"--config", ""}, "cannot read the configuration ''"},
      {{"--warmup", ""}, "'' is not a whole number"},
      {{"--budget", "peak=1KiB:"}, "names nothing"},
      {{"--budget", "peak:f"}, "is not a budget"},
      {{"--max-growth", "2%"}, "needs a baseline"},
      {{"--no-new-sites"}, "needs a baseline"},
      {{"--update-baseline"}, "there is no baseline"},
      {{"--baseline", future}, "version 99"},
      {{"--baseline", "/nonexistent"}, "cannot read the baseline"},
      {{"--baseline", "a", "--write-baseline", "b"}, "contradict one another"},
      {{"--write-baseline", "b", "--max-peak", "1"}, "judges nothing"},
      {{"--suppressions", broken}, "broken.supp:2: 'broken' is not a suppression"},
      {{"--suppressions", "/nonexistent"}, "cannot read the suppressions"},
      {{"--config", config}, "wrong.toml:2: '12 parsecs' is not a size"},
      {{"--config", config, "--no-config"}, "contradict one another"},
      {{"--repeat", "0"}, "at least 1"},
      {{"--warmup", "x"}, "whole number"},
      {{"a.json"}, "both profiles and a program"},
      {{"--max-peek", "1"}, "unknown option"},
  }));
  INFO(shown(words));
  Arguments whole = words;
  whole.insert(whole.end(), {"--", "/bin/touch", witness});
  const CommandResult result = check(whole);
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::StartsWith("memprof: error: ") && Contains(complaint));
  CHECK(result.out.empty());
  CHECK_FALSE(fs::exists(witness));
}

TEST_CASE("a budget that names nothing has the status 2, unless it may name nothing") {
  const CommandResult result = check({"--budget", "peak=1GiB:wrok", "--", leaky()});
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Contains("'wrok' (command line) names no function"));
  CHECK(check({"--budget", "unfreed-bytes=144:work", "--", leaky()}).status == 0);
  CHECK(check({"--budget", "unfreed-bytes=143:work", "--", leaky()}).status == 1);
  CHECK(check({"--budget", "unfreed-bytes=143:lost_in_loop.c", "--", leaky()}).status == 1);
  CHECK(check({"--budget", "unfreed-bytes=143:work <- main", "--", leaky()}).status == 1);
}

TEST_CASE("rules stand in memprof.toml, and the command line wins") {
  TemporaryDirectory directory;
  CommandOptions there;
  there.directory = directory.path();
  write_file(directory.file("memprof.toml"),
             "[check]\nmax-unfreed-bytes = 100\n\n[[budget]]\nmatch = \"work\"\nunfreed-blocks = 9\n");
  CHECK(check({"--", leaky()}, there).status == 1);
  CHECK(check({"--max-unfreed-bytes", "144", "--", leaky()}, there).status == 0);
  CHECK(check({"--no-config", "--max-allocations", "100", "--", leaky()}, there).status == 0);
  const CommandResult printed = check({"--print-config", "--max-peak", "3KiB"}, there);
  CHECK(printed.status == 0);
  CHECK_THAT(printed.out, Contains("max-unfreed-bytes = 100  # ") && Contains("memprof.toml:2") &&
                              Contains("max-peak = 3072  # command line") && Contains("[[budget]]\nmatch = \"work\""));
  CHECK_THAT(check({"--print-config", "--no-config"}).out, Contains("max-unfreed-blocks = 0  # default"));
}

TEST_CASE("suppressions come from files, from the environment, and from --gen-suppressions") {
  TemporaryDirectory directory;
  const std::string lsan = directory.file("lsan.supp"), generated = directory.file("generated.supp");
  write_file(lsan, "leak:^work$\nleak:never_there\n");
  const CommandResult used = check({"--suppressions", lsan, "--", leaky()});
  CHECK(used.status == 0);
  CHECK_THAT(used.out,
             Contains("Used suppressions:\n  leak:^work$") && Contains("Unused suppressions:\n  leak:never_there"));
  CommandOptions with_variable;
  with_variable.environment = {{"MEMPROF_SUPPRESSIONS", "/dev/null:" + lsan}};
  CHECK(check({"--", leaky()}, with_variable).status == 0);

  const CommandResult failed = check({"--gen-suppressions", "--", leaky()});
  CHECK(failed.status == 1);
  const std::size_t begin = failed.out.find("{\n");
  REQUIRE(begin != std::string::npos);
  write_file(generated, failed.out.substr(begin));
  CHECK(check({"--suppressions", generated, "--", leaky()}).status == 0);
  CHECK(check({"--suppressions", generated, "--", test_program("gate_strdup_lost")}).status == 1);
}

TEST_CASE("the built-in suppressions can be switched off") {
  const std::string program = test_program("gate_clean_streams");
  CHECK(check({"--", program}).status == 0);
  CHECK(check({"--no-default-suppressions", "--", program}).status == 1);
}

TEST_CASE("the profile of the program that was run can be kept") {
  TemporaryDirectory directory;
  const std::string file = directory.file("kept.json");
  CHECK(check({"-o", file, "--", leaky()}).status == 1);
  CHECK(check({file}).status == 1);
}

TEST_CASE("jq, sqlite3 and memprof itself pass") {
  TemporaryDirectory directory;
  const Profiles profiles;
  write_file(directory.file("input.json"), json_of_ten_megabytes());
  const CommandResult jq = check({"--", "/usr/bin/jq", "length", directory.file("input.json")});
  INFO(jq.out << jq.err);
  CHECK(jq.status == 0);
  CommandOptions sql;
  sql.input = sql_of_200000_rows();
  const CommandResult sqlite = check({"--", "/usr/bin/sqlite3", ":memory:"}, sql);
  INFO(sqlite.out << sqlite.err);
  CHECK(sqlite.status == 0);
  for (const char* command : {"lines", "top", "leaks", "info", "check"}) {
    const CommandResult self = check({"--ignore-exit-status", "--", memprof_program(), command, profiles.leaky_file});
    INFO(command << "\n" << self.out << self.err);
    CHECK(self.status == 0);
  }
}

}  // namespace
}  // namespace memprof::test
