#include "collect/control_directory.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace memprof::collect {
namespace {

constexpr std::size_t kLongestSocketName = sizeof("/.4294967295.new");

}  // namespace

std::vector<std::string> control_directories() {
  std::vector<std::string> directories;
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') {
    std::string path = std::string(runtime) + "/memprof";
    if (path.size() + kLongestSocketName <= sizeof(sockaddr_un::sun_path)) directories.push_back(std::move(path));
  }
  directories.push_back("/tmp/memprof-" + std::to_string(::geteuid()));
  return directories;
}

Result<void> check_control_directory(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return failure(path + ": " + std::strerror(errno));
  const std::string hint = "remove it, or set XDG_RUNTIME_DIR to a directory of your own";
  if (!S_ISDIR(status.st_mode)) return failure(path + " is no directory", hint);
  if (status.st_uid != ::geteuid()) {
    return failure(path + " belongs to user " + std::to_string(status.st_uid) + ", so it is not used", hint);
  }
  if ((status.st_mode & 0077) != 0) {
    return failure(path + " is open to other users, so it is not used", "chmod 700 " + path);
  }
  return {};
}

Result<std::string> make_control_directory() {
  Error first;
  for (const std::string& path : control_directories()) {
    std::string problem;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) problem = path + ": " + std::strerror(errno);
    if (problem.empty()) {
      auto usable = check_control_directory(path);
      if (usable) return path;
      problem = usable.error().what;
    }
    if (first.what.empty()) first = {problem, "set XDG_RUNTIME_DIR to a directory of your own"};
  }
  return tl::unexpected(first);
}

}  // namespace memprof::collect
