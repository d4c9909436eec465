// scripts/install-deps on machines that lack something, with stand-ins for dpkg-query and apt-get in front of PATH.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <regex>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

constexpr char kNothingInstalled[] = "#!/bin/sh\nexit 1\n";

class Machine {
 public:
  void has(const std::string& program, const std::string& script) {
    write_file(directory_.path() / program, script);
    std::filesystem::permissions(directory_.path() / program, std::filesystem::perms::owner_all);
  }

  CommandResult install_deps(const Arguments& groups) {
    Arguments arguments{source_directory() + "/scripts/install-deps"};
    arguments.insert(arguments.end(), groups.begin(), groups.end());
    CommandOptions options;
    options.environment = {{"PATH", directory_.path().string() + ":" + std::getenv("PATH")}};
    return run_command(arguments, options);
  }

  std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  TemporaryDirectory directory_;
};

/// Whoever runs the tests: root is asked for nothing, others get sudo here.
const std::string kSudo = "#!/bin/sh\n[ \"$1\" = -n ] && shift\nexec \"$@\"\n";

TEST_CASE("install-deps is quick and silent when all is there") {
  const CommandResult result = run_command({source_directory() + "/scripts/install-deps", "build", "test"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.empty());
}

TEST_CASE("install-deps without a network says what to install, in two lines") {
  Machine machine;
  machine.has("dpkg-query", kNothingInstalled);
  machine.has("sudo", kSudo);
  machine.has("apt-get", "#!/bin/sh\necho \"E: Could not resolve 'deb.debian.org'\"\nexit 100\n");
  const CommandResult result = machine.install_deps({"build"});
  CHECK(result.status == 1);
  CHECK(result.err.find("could not be fetched: no network") != std::string::npos);
  CHECK(result.err.find("apt-get install --no-install-recommends cmake ninja-build g++") != std::string::npos);
}

TEST_CASE("install-deps refreshes the index and installs what is missing") {
  Machine machine;
  machine.has("dpkg-query", kNothingInstalled);
  machine.has("sudo", kSudo);
  machine.has("apt-get", "#!/bin/sh\necho \"$*\" >> " + machine.file("calls") + "\n");
  CHECK(machine.install_deps({"build"}).status == 0);
  const std::string calls = read_file(machine.file("calls"));
  const std::size_t update = calls.find(" update\n"), install = calls.find(" install --yes");
  CHECK(update != std::string::npos);
  REQUIRE(install != std::string::npos);
  CHECK(update < install);
  CHECK(calls.find(" libdw-dev") != std::string::npos);
}

TEST_CASE("install-deps without root and sudo names the command for root") {
  if (geteuid() == 0) {
    // The script of a root user never gets there: run it as nobody, where the system lets us.
    if (run_command({"/sbin/runuser", "-u", "nobody", "--", "/bin/true"}).status != 0) {
      WARN("skipped: the tests run as root and cannot become nobody");
      return;
    }
  }
  TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  const std::string script = directory.file("install-deps");
  std::filesystem::copy_file(source_directory() + "/scripts/install-deps", script);
  std::filesystem::permissions(script, std::filesystem::perms::all);
  write_file(directory.path() / "dpkg-query", kNothingInstalled);
  write_file(directory.path() / "sudo", kNothingInstalled);
  for (const char* name : {"dpkg-query", "sudo"}) {
    std::filesystem::permissions(directory.path() / name, std::filesystem::perms::all);
  }
  CommandOptions options;
  options.environment = {{"PATH", directory.path().string() + ":/usr/bin:/bin"}};
  Arguments arguments{script, "build"};
  if (geteuid() == 0) arguments.insert(arguments.begin(), {"/sbin/runuser", "-u", "nobody", "--"});
  const CommandResult result = run_command(arguments, options);
  CHECK(result.status == 1);
  CHECK(result.err.find("installing them takes root") != std::string::npos);
  CHECK(result.err.find("as root, run:  apt-get update && apt-get install") != std::string::npos);
}

TEST_CASE("install-deps installs every package that the build asks for") {
  const CommandResult listed = run_command({source_directory() + "/scripts/install-deps", "--list", "build", "test"});
  const std::string dependencies = read_file(source_directory() + "/cmake/dependencies.cmake");
  const std::regex required(R"(memprof_require_\w+\((?:\S+ )+(\S+)\))");
  int found = 0;
  for (std::sregex_iterator it(dependencies.begin(), dependencies.end(), required), end; it != end; ++it, ++found) {
    const std::string package = (*it)[1];
    INFO(package);
    CHECK((("\n" + listed.out).find("\n" + package + "\n") != std::string::npos || package == "libc6-dev"));
  }
  CHECK(found >= 8);
}

}  // namespace
}  // namespace memprof::test
