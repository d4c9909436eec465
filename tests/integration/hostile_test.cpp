// Programs that do to memprof what they can: write over its shared memory, give themselves names that control
// terminals.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("random bytes all over the shared memory of a running program make its profile partial, and nothing worse") {
  for (int seed = 0; seed < 25; ++seed) {
    INFO("seed " << seed);
    CommandOptions options;
    options.timeout = std::chrono::seconds(60);
    const ProfiledRun run = profiled({test_program("scribbler"), std::to_string(seed)}, options);
    // The library in the program may come to grief by its own memory; memprof may not.
    CHECK((run.command.status == 7 || run.command.status == 128 + 11 || run.command.status == 128 + 7));
    // What it wrote may look like a call of memprof_snapshot(), too.
    const auto whole = std::find_if(run.profiles.begin(), run.profiles.end(), [](const Profile& profile) {
      return profile.snapshot.kind == SnapshotKind::kNone;
    });
    REQUIRE(whole != run.profiles.end());
    CHECK_FALSE(whole->capture.complete);
    std::string reasons;
    for (const std::string& reason : whole->capture.incomplete_reasons) reasons += reason + " ";
    CHECK_THAT(reasons, Contains("wrote over memprof's shared memory"));
  }
}

bool is_plain(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\n') || byte == 0x7f;
  });
}

TEST_CASE("no name that comes from a program reaches the terminal with its control characters") {
  TemporaryDirectory directory;
  const std::string name = "evil\x1b[2J\x07\rname";
  const std::string program = directory.file(name);
  std::filesystem::copy_file(test_program("evil_names"), program);
  const std::string file = directory.file("profile.json");
  const CommandResult run = run_command({memprof_program(), "run", "-o", file, program, "\x1b]0;title\x07"});
  CHECK(run.status == 0);
  CHECK(is_plain(run.err));
  CHECK_THAT(run.err, Contains("evil\\x1b[2J\\x07\\x0dname") || Contains("\\x1b"));
  for (const Arguments& report :
       {Arguments{"info", file}, Arguments{"top", file}, Arguments{"top", "-g", "thread", file},
        Arguments{"top", "-g", "module", "-m", "allocated", file},
        Arguments{"top", "-g", "function", "-m", "allocated", file}, Arguments{"lines", file}, Arguments{"leaks", file},
        Arguments{"diff", file, file}, Arguments{"export", "--format", "folded", "--metric", "allocated", file}}) {
    INFO(shown(report));
    Arguments command{memprof_program()};
    command.insert(command.end(), report.begin(), report.end());
    const CommandResult result = run_command(command);
    CHECK(result.status == 0);
    CHECK(is_plain(result.out));
    CHECK(is_plain(result.err));
  }
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

}  // namespace
}  // namespace memprof::test
