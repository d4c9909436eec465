#include "collect/launch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

using Environment = std::vector<std::string>;

Environment changed(const Environment& inherited, bool follow = true) {
  return profiled_environment(inherited, "/lib/ours.so", "/run/socket", follow);
}

TEST_CASE("the environment keeps what was there and adds what the library needs") {
  CHECK(changed({"A=b", "PATH=/bin"}) ==
        Environment{"A=b", "PATH=/bin", "LD_PRELOAD=/lib/ours.so", "MEMPROF_SOCKET=/run/socket"});
  CHECK(changed({}, false) == Environment{"LD_PRELOAD=/lib/ours.so", "MEMPROF_SOCKET=/run/socket", "MEMPROF_FOLLOW=0"});
}

TEST_CASE("our library goes in front of others that are preloaded") {
  const auto preload = [](const char* before) { return changed({before}).front(); };
  CHECK(preload("LD_PRELOAD=/lib/a.so b.so") == "LD_PRELOAD=/lib/ours.so:/lib/a.so b.so");
  CHECK(preload("LD_PRELOAD=") == "LD_PRELOAD=/lib/ours.so");
  CHECK(preload("LD_PRELOAD=/lib/a.so:/lib/ours.so") == "LD_PRELOAD=/lib/a.so:/lib/ours.so");
  CHECK(preload("LD_PRELOAD=/lib/ours.so.2") == "LD_PRELOAD=/lib/ours.so:/lib/ours.so.2");
}

TEST_CASE("a memprof inside a memprof has a session of its own") {
  CHECK(changed({"MEMPROF_SOCKET=/old", "MEMPROF_FOLLOW=0", "MEMPROF_SOCKETS=kept"}) ==
        Environment{"MEMPROF_SOCKETS=kept", "LD_PRELOAD=/lib/ours.so", "MEMPROF_SOCKET=/run/socket"});
}

Launch command(const Environment& arguments) {
  Launch launch{arguments.front(), arguments, {"GREETING=hello"}, {}};
  ::sigemptyset(&launch.signal_mask);
  return launch;
}

int status_of(const Result<pid_t>& pid) {
  REQUIRE(pid);
  int status = -1;
  REQUIRE(::waitpid(*pid, &status, 0) == *pid);
  return status;
}

TEST_CASE("a program starts with its arguments and environment") {
  const int status =
      status_of(launch(command({"/bin/sh", "-c", "test \"$GREETING$1\" = helloyou && exit 5", "sh", "you"})));
  CHECK(WEXITSTATUS(status) == 5);
}

TEST_CASE("a program stays in the process group and gets the mask that it is given") {
  Launch shell = command({"/bin/sh", "-c",
                          "read -r _ _ _ _ group _ < /proc/$$/stat; grep ^SigBlk /proc/$$/status | grep -q 200$; "
                          "test \"$group:$?\" = \"$0:0\"",
                          std::to_string(::getpgrp())});
  ::sigaddset(&shell.signal_mask, SIGUSR1);  // 10, hence 0x200
  CHECK(status_of(launch(shell)) == 0);
}

TEST_CASE("what cannot be executed comes back as an error, without a child") {
  const auto missing = launch(command({"/no/such/program"}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ExitCode::kNotFound);
  const auto directory = launch(command({"/tmp"}));
  REQUIRE_FALSE(directory);
  CHECK(directory.error().code == ExitCode::kCannotRun);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("arguments that are too long for the kernel are named as the reason") {
  const auto result = launch(command({"/bin/true", std::string(4u << 20, 'x')}));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ExitCode::kCannotRun);
  CHECK_THAT(result.error().hint, Catch::Contains("too long"));
}

}  // namespace
}  // namespace memprof::collect
