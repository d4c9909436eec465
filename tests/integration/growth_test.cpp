// `memprof growth --pid` on a program that runs.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {
namespace {

/// With control sockets of its own, so that other tests' programs are not in the way.
class Watched {
 public:
  Watched() {
    options_.environment = {{"XDG_RUNTIME_DIR", directory_.path().string()}};
    running_.emplace(Arguments{memprof_program(), "run", "--quiet", "-o", directory_.file("end.json"), "--",
                               test_program("growing")},
                     options_);
    for (int tries = 0; tries < 200 && !is_watched(); ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    REQUIRE(is_watched());
  }

  CommandResult memprof(Arguments arguments) const {
    arguments.insert(arguments.begin(), memprof_program());
    return run_command(arguments, options_);
  }

  /// Of the program; empty: it isn't started yet. Not out of `memprof ps`, which lists what else this user profiles as
  /// well.
  std::string pid() const {
    const std::string memprof = std::to_string(running_->pid());
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + memprof + "/task")) {
      std::ifstream children(task.path() / "children");
      std::string child;
      if (children >> child) return child;
    }
    return {};
  }

  void end() {
    ::kill(static_cast<pid_t>(std::stol(pid())), SIGKILL);
    running_->wait();
  }

 private:
  bool is_watched() const {
    const std::string started = pid();
    return !started.empty() && memprof({"ps"}).out.find(started + " ") != std::string::npos;
  }

  TemporaryDirectory directory_;
  CommandOptions options_;
  std::optional<RunningCommand> running_;
};

}  // namespace

TEST_CASE("growth of a running program is a block every interval") {
  Watched watched;
  const CommandResult growth = watched.memprof({"growth", "--pid", watched.pid(), "--every", "300ms", "--times", "3"});
  INFO(growth.out << growth.err);
  CHECK(growth.status == 0);
  std::size_t blocks = 0;
  for (std::size_t at = 0; (at = growth.out.find("\nsession ", at)) != std::string::npos; ++at) ++blocks;
  CHECK(blocks == 3);  // it grows all the time
  CHECK(growth.out.find("growing (pid " + watched.pid() + ") after ") != std::string::npos);
  watched.end();
}

TEST_CASE("growth ends with the program, and names what there is to watch") {
  Watched watched;
  const CommandResult wrong = watched.memprof({"growth", "--pid", "1"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("process 1 is not being profiled") != std::string::npos);
  CHECK(wrong.err.find("growing (pid " + watched.pid() + ")") != std::string::npos);
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    watched.end();
  });
  const CommandResult growth = watched.memprof({"growth", "--pid", watched.pid(), "--every", "200ms"});
  killer.join();
  CHECK(growth.status == 0);
  CHECK(growth.err.find("has ended") != std::string::npos);
}

}  // namespace memprof::test
