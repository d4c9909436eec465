#pragma once
// Runs memprof's commands inside the test, on profiles written to a folder of their own.

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/program.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"

namespace memprof::tests {

struct Output {
  int status = 0;
  std::string out, err;
};

inline Output run_memprof(const std::vector<std::string>& arguments, cli::Terminal terminal = {}) {
  std::ostringstream out, err;
  cli::Console console{out, err, terminal};
  const int status = cli::run_program(arguments, console);
  return {status, out.str(), err.str()};
}

/// A fresh working directory, so that relative names and "below the working directory" mean something; the old one
/// comes back with the end of the test.
class WorkingDirectory {
 public:
  WorkingDirectory() : before_(std::filesystem::current_path()) {
    path_ = std::filesystem::temp_directory_path() / ("memprof_cli_test." + std::to_string(getpid()));
    std::filesystem::create_directories(path_);
    std::filesystem::current_path(path_);
  }
  explicit WorkingDirectory(const std::filesystem::path& existing) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(existing);
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() {
    std::filesystem::current_path(before_);
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }

 private:
  std::filesystem::path before_, path_;
};

/// A profile file that is gone with the object.
class ProfileFile {
 public:
  explicit ProfileFile(const Profile& profile, const std::string& name = "sample.json")
      : path_(std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "." + name)) {
    REQUIRE(write_profile(profile, path_.string()).has_value());
  }
  ProfileFile(const ProfileFile&) = delete;
  ProfileFile& operator=(const ProfileFile&) = delete;
  ~ProfileFile() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace memprof::tests
