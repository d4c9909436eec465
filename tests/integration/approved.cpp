#include "tests/integration/approved.hpp"

#include <filesystem>

#include "tests/catch.hpp"
#include "tests/integration/profiled_run.hpp"
#include "tests/integration/temporary_directory.hpp"

namespace memprof::test {

void check_approved(const std::string& name, const std::string& text) {
  const std::filesystem::path approved = std::filesystem::path(source_directory()) / "tests/approved" / name;
  const std::filesystem::path received = std::filesystem::path(build_directory()) / "tests/received" / name;
  const std::string expected = std::filesystem::exists(approved) ? read_file(approved) : "";
  if (text == expected) {
    std::filesystem::remove(received);
  } else {
    std::filesystem::create_directories(received.parent_path());
    write_file(received, text);
  }
  INFO("if the new text is right: scripts/approve " << name);
  CHECK(text == expected);
}

}  // namespace memprof::test
