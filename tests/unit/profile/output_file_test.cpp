#include "profile/output_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"
#include "tests/unit/profile/temporary_directory.hpp"

namespace memprof::test {
namespace {

namespace fs = std::filesystem;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

std::string write_error(const std::string& path) {
  const Result<void> written = write_profile(sample_profile(), path);
  return written ? "written" : written.error().what;
}

/// While it lives, files of this process can't grow beyond `bytes`, which stands in for a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

}  // namespace

TEST_CASE("a profile is readable by its owner only", "[output_file]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.json");
  const mode_t before = ::umask(0);
  CHECK(write_error(path) == "written");
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(entries(directory.path()) == 1);
}

TEST_CASE("nothing is in place before it is whole", "[output_file]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.json");
  std::ofstream(path) << "before";
  {
    Result<OutputFile> file = OutputFile::create(path);
    REQUIRE(file.has_value());
    REQUIRE(file->write("after").has_value());
    CHECK(contents(path) == "before");
    CHECK(entries(directory.path()) == 2);
  }
  CHECK(contents(path) == "before");
  CHECK(entries(directory.path()) == 1);
  Result<OutputFile> file = OutputFile::create(path);
  REQUIRE(file.has_value());
  REQUIRE(file->write("after").has_value());
  REQUIRE(file->commit().has_value());
  CHECK(contents(path) == "after");
  CHECK(entries(directory.path()) == 1);
}

TEST_CASE("when the disk is full the old file stays and no other is left", "[output_file]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.json");
  std::ofstream(path) << "before";
  {
    const FileSizeLimit limit(100);
    CHECK(write_error(path) == path + " cannot be written: File too large");
  }
  CHECK(contents(path) == "before");
  CHECK(entries(directory.path()) == 1);
  CHECK(write_error("/dev/full") == "/dev/full cannot be written: No space left on device");
  CHECK(write_profile(sample_profile(), "/dev/full").error().hint == "free some space, or name another place");
}

TEST_CASE("a symbolic link is followed", "[output_file]") {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("real.json")) << "before";
  fs::create_symlink("real.json", directory.file("link.json"));
  CHECK(write_error(directory.file("link.json")) == "written");
  CHECK(fs::is_symlink(directory.file("link.json")));
  CHECK(read_profile(directory.file("real.json")) == sample_profile());
}

TEST_CASE("a device is written to, not replaced", "[output_file]") {
  CHECK(write_error("/dev/null") == "written");
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("names without a directory and very long names work", "[output_file]") {
  const TemporaryDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  CHECK(write_error("a.json") == "written");
  const std::string longest = std::string(250, 'x') + ".json";
  CHECK(write_error(longest) == "written");
  CHECK(write_error("x" + longest) == "x" + longest + " cannot be written: File name too long");
  CHECK(entries(directory.path()) == 2);
  fs::current_path(before);
}

TEST_CASE("places that cannot be written say why", "[output_file]") {
  const TemporaryDirectory directory;
  const std::string inside = directory.file("missing/a.json");
  CHECK(write_error(inside) == inside + " cannot be written: No such file or directory");
  CHECK(write_error(directory.path().string()) == directory.path().string() + " cannot be written: Is a directory");
  std::ofstream(directory.file("file")) << "x";
  const std::string below = directory.file("file/a.json");
  CHECK(write_error(below) == below + " cannot be written: Not a directory");
}

}  // namespace memprof::test
