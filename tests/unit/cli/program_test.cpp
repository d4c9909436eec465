#include "cli/program.hpp"

#include "cli/commands.hpp"
#include "tests/unit/cli/cli_runner.hpp"
#include "tests/unit/cli/sample_programs.hpp"

using namespace memprof::tests;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("Without arguments the help goes to standard error and the status is 2") {
  const Output output = run_memprof({});
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  CHECK_THAT(output.err, Contains("Usage: memprof COMMAND"));
}

TEST_CASE("Help and version are output, not errors") {
  for (const char* word : {"--help", "-h", "help"}) {
    const Output output = run_memprof({word});
    CHECK(output.status == 0);
    CHECK_THAT(output.out, Contains("Commands:") && Contains("lines"));
    CHECK(output.err.empty());
  }
  for (const char* word : {"--version", "-V"}) {
    const Output output = run_memprof({word});
    CHECK(output.status == 0);
    CHECK_THAT(output.out, StartsWith("memprof 0."));
  }
  CHECK(run_memprof({"help", "top"}).out == run_memprof({"top", "-h"}).out);
}

TEST_CASE("Every command has an example and a help text within 80 columns") {
  for (const memprof::cli::Command& command : memprof::cli::all_commands()) {
    const std::string help = run_memprof({command.name, "--help"}).out;
    CHECK_THAT(help, Contains("Example"));
    std::istringstream text(help);
    for (std::string line; std::getline(text, line);) CHECK(line.size() <= 80);
  }
}

TEST_CASE("A mistyped command is suggested") {
  const Output output = run_memprof({"lnies", "a.json"});
  CHECK(output.status == 2);
  CHECK_THAT(output.err, StartsWith("memprof: error: unknown command 'lnies'\n"));
  CHECK_THAT(output.err, Contains("did you mean 'memprof lines'?"));
}

TEST_CASE("A program or a profile in place of a command gets the command for it") {
  CHECK_THAT(run_memprof({"./app"}).err, Contains("memprof run ./app"));
  CHECK_THAT(run_memprof({"a.json"}).err, Contains("memprof info a.json"));
  CHECK_THAT(run_memprof({"--frobnicate"}).err, Contains("unknown option '--frobnicate'"));
}

TEST_CASE("A mistyped option is suggested") {
  const Output output = run_memprof({"top", "--gruop-by", "file", "a.json"});
  CHECK(output.status == 2);
  CHECK_THAT(output.err, Contains("unknown option '--gruop-by'") && Contains("did you mean '--group-by'?"));
  CHECK_THAT(run_memprof({"top", "-z", "a.json"}).err, Contains("unknown option '-z'"));
}

TEST_CASE("A wrong value names the option and what it takes") {
  CHECK_THAT(run_memprof({"top", "-g", "lines", "a.json"}).err,
             Contains("option --group-by: 'lines' is not one of") && Contains("did you mean 'line'?"));
  CHECK_THAT(run_memprof({"top", "-n", "-1", "a.json"}).err, Contains("'-1' is not a whole number"));
  CHECK_THAT(run_memprof({"leaks", "--min-size", "1x", "a.json"}).err, Contains("'1x' is not a size"));
  CHECK_THAT(run_memprof({"lines", "--function"}).err, Contains("option '--function' needs a value"));
  CHECK_THAT(run_memprof({"top", "--include", "a.c:x", "a.json"}).err, Contains("'x' is not a line number"));
}

TEST_CASE("Missing and superfluous arguments are errors") {
  CHECK(run_memprof({"top"}).status == 2);
  CHECK_THAT(run_memprof({"top"}).err, Contains("FILE is required"));
  CHECK_THAT(run_memprof({"top", "a.json", "b.json"}).err, Contains("unexpected argument 'b.json'"));
}

TEST_CASE("A profile that cannot be read is an error with status 2") {
  for (const char* command : {"lines", "top", "leaks", "info"}) {
    const Output output = run_memprof({command, "/nowhere/a.json"});
    CHECK(output.status == 2);
    CHECK(output.out.empty());
    CHECK_THAT(output.err, StartsWith("memprof: error: ") && Contains("/nowhere/a.json"));
  }
}

TEST_CASE("Words behind -- are arguments even if they look like options") {
  CHECK_THAT(run_memprof({"top", "--", "--json"}).err, Contains("--json") && !Contains("unknown option"));
}

TEST_CASE("An option that may be repeated does not swallow the file") {
  const ProfileFile file(tree_profile());
  const Output output = run_memprof({"top", "--include", "tree.cpp", "--exclude", "x.c", file.path()});
  CHECK(output.err == "");
  CHECK(output.status == 0);
}

TEST_CASE("The first line of every report says that a capture is incomplete and why") {
  const ProfileFile file(tree_profile());
  for (const char* command : {"lines", "top", "leaks", "info"}) {
    CHECK_THAT(run_memprof({command, file.path()}).out,
               StartsWith("Capture partial: 2 events were dropped; memprof was interrupted\n"));
    CHECK_THAT(run_memprof({command, file.path(), "--json"}).out, Contains("\"complete\": false"));
  }
}

TEST_CASE("Control characters of a profiled program never reach the terminal") {
  const ProfileFile file(tree_profile());
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{"lines"},
                                                                                         {"top", "-g", "function"},
                                                                                         {"top", "-g", "module"},
                                                                                         {"top", "-g", "stack"},
                                                                                         {"leaks"},
                                                                                         {"info"}}) {
    std::vector<std::string> words = arguments;
    words.push_back(file.path());
    const std::string out = run_memprof(words).out;
    CHECK(out.find('\x1b') == std::string::npos);
    CHECK(out.find('\x07') == std::string::npos);
  }
}

TEST_CASE("diff --fail-on-growth exits with 1 when the total grew by more") {
  ProfileBuilder small, large;
  const FrameText here{.function = "f()", .file = "/f.c", .line = 1};
  small.allocations({here}, 10, 100, 10);
  large.allocations({here}, 11, 100, 11);
  const ProfileFile before(small.finished(), "before.json"), after(large.finished(), "after.json");
  const auto status = [&](const std::string& limit, bool swapped = false) {
    return run_memprof({"diff", (swapped ? after : before).path(), (swapped ? before : after).path(),
                        "--fail-on-growth", limit})
        .status;
  };
  CHECK(status("0") == 1);
  CHECK(status("99") == 1);
  CHECK(status("100") == 0);
  CHECK(status("9.9%") == 1);
  CHECK(status("10%") == 0);
  CHECK(status("0", true) == 0);
  CHECK(status("5x") == 2);
  CHECK(status("-1%") == 2);
  CHECK(status("%") == 2);
  CHECK_THAT(run_memprof({"diff", before.path(), after.path(), "--fail-on-growth", "0"}).err,
             StartsWith("memprof: grew by 100 B, from 1000 B"));
  CHECK(run_memprof({"diff", before.path(), after.path(), "-m", "temporary", "--fail-on-growth", "5"}).status == 2);
}

TEST_CASE("diff --fail-on-growth does not pass on an incomplete capture") {
  const ProfileFile before(heavy_profile(), "before.json"), after(tree_profile(), "after.json");
  const Output output = run_memprof({"diff", after.path(), before.path(), "--fail-on-growth", "100%"});
  CHECK(output.status == 1);
  CHECK_THAT(output.err, StartsWith("memprof: cannot tell whether it grew: Capture partial"));
}

TEST_CASE("diff of a profile with itself says so") {
  const ProfileFile file(heavy_profile());
  const Output output = run_memprof({"diff", file.path(), file.path()});
  CHECK(output.status == 0);
  CHECK_THAT(output.out, StartsWith("Both are the same profile"));
}

TEST_CASE("diff of different programs says so first") {
  const ProfileFile before(heavy_profile(), "before.json"), after(later_tree_profile(), "after.json");
  CHECK_THAT(run_memprof({"diff", before.path(), after.path()}).out,
             StartsWith("Note: different programs are compared: app and tree-2\n"));
}

TEST_CASE("An output that cannot be written is an error") {
  std::ostringstream err;
  std::ostream broken(nullptr);
  memprof::cli::Console console{broken, err, {}};
  CHECK(memprof::cli::run_program({"--version"}, console) == 2);
  CHECK_THAT(err.str(), Contains("cannot write the output"));
}
