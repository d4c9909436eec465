// The program or memprof ends at any moment, or is stopped: what was recorded by then is there, and the program does
// not notice anything of it.

#include <sys/prctl.h>
#include <sys/wait.h>

#include <random>

#include "tests/catch.hpp"
#include "tests/integration/expectation.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/progress.hpp"

namespace memprof::test {
namespace {

using namespace std::chrono_literals;

void check_as_far_as(const Profile& profile, const Progress& progress) {
  check_quality(profile);
  const std::uint64_t recorded = profile.totals.allocations + profile.totals.frees;
  CHECK(recorded >= progress.events);
  CHECK(recorded <= progress.events + 1);
}

TEST_CASE("a program killed at 200 random moments loses no event", "[soak]") {
  std::mt19937 random(4711);
  const int rounds = soaking() ? 2000 : 200;
  for (int round = 0; round < rounds; ++round) {
    const int signal = std::vector<int>{SIGKILL, SIGSEGV, SIGABRT, SIGTERM}[static_cast<std::size_t>(round) % 4];
    INFO("round " << round << ", signal " << signal);
    CountingRun run;
    run.wait_for(1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    REQUIRE(kill(run.program(), signal) == 0);
    CHECK(run.command().wait().status == 128 + signal);
    const std::vector<Profile> profiles = run.profiles();
    REQUIRE(profiles.size() == 1);
    CHECK(profiles[0].process.end_value == signal);
    check_as_far_as(profiles[0], run.progress());
  }
}

TEST_CASE("a program that ends itself at once loses no event") {
  for (const auto& [how, status] :
       std::vector<std::pair<std::string, int>>{{"exit", 7}, {"_exit", 7}, {"abort", 128 + SIGABRT}}) {
    INFO(how);
    CountingRun run({"54321", how});
    CHECK(run.command().wait().status == status);
    const std::vector<Profile> profiles = run.profiles();
    REQUIRE(profiles.size() == 1);
    CHECK(run.progress().events == 54322);
    check_quality(profiles[0]);
    CHECK(profiles[0].totals.allocations == 27161);
  }
}

TEST_CASE("a program that runs out of memory is recorded up to its end") {
  const ProfiledRun run = profiled({test_program("out_of_memory")});
  CHECK(run.command.status == 128 + SIGABRT);
  const Profile& profile = run.only();
  check_quality(profile);
  check_figures(profile, expectations(run.command.out).at(0), Scope::kOwn);
  CHECK(profile.totals.failed_allocations == 1);
}

TEST_CASE("a program outlives a killed memprof, with its own output and status") {
  // The program becomes our child when memprof is gone, so that its status can be seen.
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  std::mt19937 random(4712);
  for (int round = 0; round < 20; ++round) {
    INFO("round " << round);
    // Several times what a ring holds: the program finds it full, and finds out that nobody empties it.
    CountingRun run({"3000000"});
    run.wait_for(random() % 50000);
    run.command().send(SIGKILL);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    const pid_t program = run.program();
    const CommandResult memprof = run.command().wait();
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(program, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    CHECK(memprof.status == 128 + SIGKILL);
    REQUIRE(ended == program);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(run.progress().events == 3000000);
  }
}

TEST_CASE("while memprof is stopped a program waits or ends, and nothing is lost") {
  SECTION("it fits into the rings: it ends") {
    CountingRun run({"20000"});
    run.wait_for(1);
    run.command().send(SIGSTOP);
    run.wait_for(20000);
    std::this_thread::sleep_for(50ms);
    run.command().send(SIGCONT);
    const CommandResult result = run.command().wait();
    CHECK(result.status == 7);
    const std::vector<Profile> profiles = run.profiles();
    REQUIRE(profiles.size() == 1);
    check_quality(profiles[0]);
    check_figures(profiles[0], expectations(result.out).at(0), Scope::kOwn);
  }
  SECTION("it does not fit: it goes on afterwards") {
    CountingRun run({"400000"});
    run.wait_for(1000);
    run.command().send(SIGSTOP);
    Progress before = run.progress();
    for (;;) {
      std::this_thread::sleep_for(300ms);
      const Progress now = run.progress();
      if (now.events == before.events) break;
      before = now;
    }
    CHECK(before.events < 400000);
    run.command().send(SIGCONT);
    const CommandResult result = run.command().wait();
    CHECK(result.status == 7);
    const std::vector<Profile> profiles = run.profiles();
    REQUIRE(profiles.size() == 1);
    check_quality(profiles[0]);
    CHECK(profiles[0].capture.ring_waits > 0);
    check_figures(profiles[0], expectations(result.out).at(0), Scope::kOwn);
  }
}

TEST_CASE("a test that runs out of time leaves the stacks of all threads") {
  CommandOptions options;
  options.timeout = std::chrono::seconds(1);
  RunningCommand command({test_program("counting_kill"), "/dev/null/nothing"}, options);
  CHECK(command.wait().status == 3);
  TemporaryDirectory directory;
  RunningCommand endless({"sh", "-c", test_program("counting_kill") + " " + directory.file("progress") + " & wait"},
                         options);
  std::string message;
  try {
    endless.wait();
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK_THAT(message, Catch::Contains("timed out: sh -c"));
  CHECK_THAT(message,
             Catch::Contains("== process") && Catch::Contains("counting_kill") && Catch::Contains("-- thread"));
  // Where the kernel lets us look into other processes.
  if (message.find("ptrace") == std::string::npos) CHECK_THAT(message, Catch::Contains("main"));
}

}  // namespace
}  // namespace memprof::test
