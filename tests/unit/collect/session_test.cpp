// Whole sessions with the real library, without the command line around them.

#include "collect/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

using Catch::Contains;

SessionOptions shell(const std::string& script) {
  SessionOptions options;
  options.executable = "/bin/sh";
  options.command = {"sh", "-c", script};
  for (char** entry = environ; *entry != nullptr; ++entry) options.environment.emplace_back(*entry);
  options.preload_library = MEMPROF_TEST_LIBRARY;
  return options;
}

struct Fixture {
  std::vector<std::string> notes;
  SessionObserver observer;

  Fixture() {
    observer.note = [this](const std::string& note) { notes.push_back(note); };
  }
  SessionResult run(const SessionOptions& options) {
    auto result = run_session(options, observer);
    if (!result) FAIL(result.error().what);
    return std::move(*result);
  }
};

std::size_t count_of(const SessionResult& result, const std::string& program) {
  return static_cast<std::size_t>(
      std::count_if(result.processes.begin(), result.processes.end(),
                    [&](const CapturedProcess& captured) { return captured.process.program == program; }));
}

TEST_CASE_METHOD(Fixture, "every process image of the tree is handed over") {
  const SessionResult result = run(shell("ls / >/dev/null; ls / | wc -l >/dev/null; exit 5"));
  CHECK(result.exit_status == 5);
  CHECK_FALSE(result.interrupted);
  CHECK(count_of(result, "ls") == 2);
  CHECK(count_of(result, "wc") == 1);
  REQUIRE(result.main_process);
  const CapturedProcess& main = result.processes[*result.main_process];
  CHECK(main.process.pid == result.main_pid);
  CHECK(main.process.end_kind == EndKind::kExited);
  CHECK(main.process.end_value == 5);
  CHECK(main.totals.allocations > 0);
  for (const CapturedProcess& captured : result.processes) {
    INFO(captured.process.program);
    CHECK(captured.process.duration_s >= 0);
    CHECK(captured.process.duration_s < 60);
    if (captured.process.pid != result.main_pid) CHECK(captured.process.parent_pid == result.main_pid);
  }
  CHECK(notes.empty());
}

TEST_CASE_METHOD(Fixture, "what does not fit into memory is set aside, but never the main program") {
  SessionOptions options =
      shell("for i in 1 2 3; do perl -e 'my @a = map { [$_] } 1..5000'; done; exec ls / >/dev/null");
  options.most_kept_bytes = 0;
  std::vector<CapturedProcess> aside;
  observer.set_aside = [&](CapturedProcess&& captured) { aside.push_back(std::move(captured)); };
  const SessionResult result = run(options);
  CHECK(aside.size() == 3);
  for (const CapturedProcess& captured : aside) {
    CHECK(captured.process.program == "perl");
    CHECK_FALSE(captured.sites.empty());
  }
  CHECK(count_of(result, "perl") == 0);
  REQUIRE(result.main_process);
  CHECK(result.processes[*result.main_process].process.program == "ls");
  CHECK_FALSE(result.processes[*result.main_process].sites.empty());
}

TEST_CASE_METHOD(Fixture, "the status is told about ten times a second") {
  std::vector<LiveStatus> seen;
  observer.status = [&](const LiveStatus& status) { seen.push_back(status); };
  run(shell("sleep 1; :"));
  CHECK(seen.size() >= 3);  // fewer than ten on a busy machine
  CHECK(static_cast<double>(seen.size()) <= 10 * seen.back().elapsed_s + 1);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    CHECK(seen[i].elapsed_s > seen[i - 1].elapsed_s);
    CHECK(seen[i].peak_bytes >= seen[i - 1].peak_bytes);
    CHECK(seen[i].events >= seen[i - 1].events);
    CHECK(seen[i].peak_bytes >= seen[i].live_bytes);
  }
  CHECK(std::any_of(seen.begin(), seen.end(), [](const LiveStatus& status) { return status.processes == 2; }));
}

TEST_CASE_METHOD(Fixture, "a program that cannot be started is an error, and nothing is left behind") {
  SessionOptions options = shell("true");
  options.executable = "/no/such/program";
  const auto result = run_session(options, observer);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ExitCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a library that the loader cannot load leaves a reason, not an empty profile") {
  SessionOptions options = shell("exit 3");
  options.preload_library = "/no/such/library.so";
  const SessionResult result = run(options);
  CHECK(result.exit_status == 3);
  CHECK_FALSE(result.main_process);
  CHECK(result.processes.empty());
  CHECK_THAT(result.unrecorded.what, Contains("library was not loaded"));
}

TEST_CASE_METHOD(Fixture, "hundreds of short processes are all seen") {
  const SessionResult result = run(shell("i=0; while [ $i -lt 200 ]; do ls / >/dev/null; i=$((i+1)); done"));
  CHECK(count_of(result, "ls") == 200);
  CHECK(notes.empty());
}

}  // namespace
}  // namespace memprof::collect
