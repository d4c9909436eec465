#pragma once
// tests/programs/counting_kill, which tells how far it is while it runs.

#include <signal.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {

struct Progress {
  std::uint64_t events = 0, pid = 0;
};

inline Progress progress_in(const std::string& file) {
  Progress progress;
  std::error_code missing;
  if (std::filesystem::file_size(file, missing) >= sizeof progress && !missing) {
    std::memcpy(&progress, read_file(file).data(), sizeof progress);
  }
  return progress;
}

/// `memprof run` on counting_kill with these further arguments.
class CountingRun {
 public:
  explicit CountingRun(const Arguments& rest = {}) : command_(arguments(rest)) {}

  std::string file() const { return directory_.file("progress"); }
  Progress progress() const { return progress_in(file()); }
  pid_t program() const { return static_cast<pid_t>(progress().pid); }
  RunningCommand& command() { return command_; }
  std::vector<Profile> profiles() const { return read_profiles(directory_.path()); }

  /// Returns when so many events have been made.
  void wait_for(std::uint64_t events) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (progress().events < events) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("counting_kill does not get on");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

 private:
  Arguments arguments(const Arguments& rest) const {
    Arguments all{memprof_program(),
                  "run",
                  "--quiet",
                  "-o",
                  directory_.file("profile.json"),
                  "--",
                  test_program("counting_kill"),
                  file()};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

  TemporaryDirectory directory_;
  RunningCommand command_;
};

}  // namespace memprof::test
