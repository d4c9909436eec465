#pragma once
// Compares a report with the output that a person approved. A difference leaves the new output below the build
// folder, and scripts/approve takes it over after a look at the diff.
//
// Needs the definitions MEMPROF_SOURCE_DIR and MEMPROF_RECEIVED_DIR.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/catch.hpp"

namespace memprof::tests {

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// `file` is relative to the project's root.
inline void check_approved_file(const std::string& file, const std::string& received) {
  namespace fs = std::filesystem;
  const fs::path received_path = fs::path(MEMPROF_RECEIVED_DIR) / file;
  fs::remove(received_path);
  const std::string approved = file_text(fs::path(MEMPROF_SOURCE_DIR) / file);
  if (received == approved) {
    SUCCEED();
    return;
  }
  fs::create_directories(received_path.parent_path());
  std::ofstream(received_path, std::ios::binary) << received;
  INFO("to see the difference and to accept it: scripts/approve");
  CHECK(received == approved);
}

/// `name` is a file in tests/approved.
inline void check_approved(const std::string& name, const std::string& received) {
  check_approved_file("tests/approved/" + name, received);
}

}  // namespace memprof::tests
