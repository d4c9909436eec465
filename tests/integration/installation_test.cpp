// cmake --install into an empty prefix, and a run from there, also after the prefix was moved.

#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

void check_run_from(const std::filesystem::path& prefix) {
  TemporaryDirectory results;
  const CommandResult run = run_command(
      {prefix / "bin/memprof", "run", "--quiet", "-o", results.file("profile.json"), "--", test_program("known_peak")});
  INFO(run.err);
  CHECK(run.status == 0);
  const std::vector<Profile> profiles = read_profiles(results.path());
  REQUIRE(profiles.size() == 1);
  CHECK(profiles[0].totals.allocations == 118);
}

TEST_CASE("an installed memprof finds its library relative to itself") {
  TemporaryDirectory directory;
  const std::filesystem::path prefix = directory.path() / "prefix";
  const CommandResult install = run_command({"cmake", "--install", build_directory(), "--prefix", prefix});
  INFO(install.out << install.err);
  REQUIRE(install.status == 0);
  CHECK(std::filesystem::exists(prefix / "bin/memprof"));
  CHECK(std::filesystem::exists(prefix / installed_library()));
  CHECK(std::filesystem::exists(prefix / "share/doc/memprof/LICENSE"));
  check_run_from(prefix);

  const std::filesystem::path moved = directory.path() / "moved elsewhere";
  std::filesystem::rename(prefix, moved);
  check_run_from(moved);

  std::filesystem::create_symlink(moved / "bin/memprof", directory.path() / "link");
  CHECK(run_command({directory.path() / "link", "run", "--quiet", "-o", directory.file("out.json"), "true"}).status ==
        0);

  std::filesystem::remove(moved / installed_library());
  const CommandResult broken = run_command({moved / "bin/memprof", "run", "true"});
  CHECK(broken.status == 2);
  CHECK(broken.err.find("libmemprof.so") != std::string::npos);
}

}  // namespace
}  // namespace memprof::test
