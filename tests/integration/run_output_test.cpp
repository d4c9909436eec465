// Where `memprof run` writes its profiles: names, several processes, places that cannot be written to.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

CommandOptions in(const TemporaryDirectory& directory) {
  CommandOptions options;
  options.directory = directory.path();
  return options;
}

Arguments memprof_run(Arguments rest) {
  Arguments all{memprof_program(), "run"};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

TEST_CASE("the profile's usual name has the program's and its pid") {
  TemporaryDirectory directory;
  const auto run = run_command(memprof_run({"sh", "-c", "echo $$"}), in(directory));
  const std::string name = "memprof.sh." + run.out.substr(0, run.out.size() - 1) + ".json";
  CHECK(names_in(directory.path()) == std::vector<std::string>{name});
  CHECK_THAT(run.err, Contains("the profile is in " + name));
}

TEST_CASE("a script is called by its own name") {
  TemporaryDirectory directory;
  const std::string script = directory.file("a-script-with-a-rather-long-name.sh");
  write_file(script, "#!/bin/sh\necho $$\n");
  fs::permissions(script, fs::perms::owner_all);
  const auto run = run_command(memprof_run({script}), in(directory));
  REQUIRE(run.status == 0);
  const auto profiles = read_profiles(directory.path());
  REQUIRE(profiles.size() == 1);
  CHECK(profiles[0].process.program == "a-script-with-a-rather-long-name.sh");
}

TEST_CASE("option -o names the file, and .zst compresses it") {
  TemporaryDirectory directory;
  const std::string file = GENERATE("p.json", "p.json.zst", "p.zst", "p");
  CHECK(run_command(memprof_run({"-q", "-o", file, "true"}), in(directory)).status == 0);
  CHECK(names_in(directory.path()) == std::vector<std::string>{file});
  CHECK(read_profile(directory.file(file)));
  const std::string start = read_file(directory.file(file)).substr(0, 4);
  CHECK((start == "\x28\xb5\x2f\xfd") == (fs::path(file).extension() == ".zst"));
  struct stat status {};
  REQUIRE(::stat(directory.file(file).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("option -o replaces an older profile, also behind a symbolic link") {
  TemporaryDirectory directory;
  write_file(directory.file("real.json"), "old");
  fs::create_symlink("real.json", directory.path() / "link.json");
  CHECK(run_command(memprof_run({"-q", "-o", "link.json", "true"}), in(directory)).status == 0);
  CHECK(fs::is_symlink(directory.path() / "link.json"));
  CHECK(read_profile(directory.file("real.json")));
}

TEST_CASE("other processes get files beside the main one's, if they have something to tell") {
  TemporaryDirectory directory;
  const std::string script = test_program("fork_child") + " >/dev/null; ls >/dev/null; exit 1";
  SECTION("with -o") {
    const std::string extension = GENERATE(".json", ".json.zst");
    const auto run = run_command(memprof_run({"-o", "all" + extension, "sh", "-c", script}), in(directory));
    CHECK(run.status == 1);
    const auto names = names_in(directory.path());
    REQUIRE(names.size() == 5);  // fork_child is three processes
    CHECK(std::count(names.begin(), names.end(), "all" + extension) == 1);
    const std::string index = read_file(directory.file("all.tree.json"));
    for (const std::string& name : names) {
      if (name == "all.tree.json") continue;
      CHECK_THAT(index, Contains('"' + name + '"'));
      if (name == "all" + extension) continue;
      CHECK_THAT(name, Catch::StartsWith("all.fork_child.") && Catch::EndsWith(extension));
    }
    CHECK_THAT(run.err, Contains("the processes are listed in all.tree.json"));
    CHECK_THAT(run.err, Contains("allocated next to nothing (ls)"));
    // The shell has little to tell, so one that has more is what to look at.
    CHECK_THAT(run.err, Contains("next: memprof lines all.fork_child."));
  }
  SECTION("without") {
    run_command(memprof_run({"sh", "-c", script}), in(directory));
    const auto names = names_in(directory.path());
    REQUIRE(names.size() == 5);
    CHECK_THAT(names[0], Catch::StartsWith("memprof.fork_child."));
    CHECK_THAT(names[3], Catch::StartsWith("memprof.sh."));
    CHECK_THAT(names[4], Catch::StartsWith("memprof.sh.") && Catch::EndsWith(".tree.json"));
  }
}

TEST_CASE("when no process has much to tell, each gets its profile") {
  TemporaryDirectory directory;
  run_command(memprof_run({"-o", "p.json", "sh", "-c", "ls >/dev/null; exit 0"}), in(directory));
  const auto names = names_in(directory.path());
  REQUIRE(names.size() == 3);
  CHECK_THAT(names[0], Catch::StartsWith("p.json") || Catch::StartsWith("p.ls."));
  CHECK(names[2] == "p.tree.json");
}

TEST_CASE("images of one process do not overwrite one another") {
  TemporaryDirectory directory;
  run_command(memprof_run({"-q", test_program("exec_chain"), "3"}), in(directory));
  const auto profiles = read_profiles(directory.path());
  CHECK(profiles.size() == 4);
}

TEST_CASE("a place that cannot be written to is found out before the program starts") {
  TemporaryDirectory directory;
  fs::create_directory(directory.path() / "folder");
  for (const auto& [file, reason] :
       std::vector<std::pair<std::string, std::string>>{{"missing/p.json", "No such file or directory"},
                                                        {"folder", "directory"},
                                                        {"folder/", "directory"},
                                                        {"new/", "no such directory"},
                                                        {"/dev/null", "no regular file"},
                                                        {"/proc/p.json", "cannot be written"}}) {
    INFO(file);
    const auto run = run_command(memprof_run({"-o", file, "touch", "started"}), in(directory));
    CHECK(run.status == 2);
    CHECK_THAT(run.err, Contains("memprof: error: " + file) && Contains(reason));
    CHECK_FALSE(fs::exists(directory.path() / "started"));
  }
  CHECK(names_in(directory.path()) == std::vector<std::string>{"folder"});
}

TEST_CASE("a profile that cannot be written in the end goes to TMPDIR, and memprof says so even when quiet") {
  TemporaryDirectory directory, temporary;
  fs::create_directory(directory.path() / "folder");
  CommandOptions options = in(directory);
  options.environment = {{"TMPDIR", temporary.path()}};
  write_file(temporary.file("p.json"), "somebody's");
  const auto run = run_command(memprof_run({"-q", "-o", "folder/p.json", "rmdir", "folder"}), options);
  CHECK(run.status == 0);  // the program's: nothing is lost
  CHECK_THAT(run.err, Contains("folder/p.json") && Contains("the profile is in " + temporary.file("p.2.json")));
  CHECK(read_profile(temporary.file("p.2.json")));
  CHECK(read_file(temporary.file("p.json")) == "somebody's");
}

TEST_CASE("a profile that cannot be written anywhere is a failure") {
  TemporaryDirectory directory;
  CommandOptions options = in(directory);
  // The limit also holds for the memory that the process would share with memprof.
  const auto run =
      run_command({"prlimit", "--fsize=65536:65536", memprof_program(), "run", "sh", "-c", "exit 0"}, options);
  CHECK(run.status == 1);
  CHECK_THAT(run.err, Contains("was not profiled") && Contains("limit on file sizes"));
  CHECK(names_in(directory.path()).empty());
}

}  // namespace
}  // namespace memprof::test
