#include "collect/session_directory.hpp"

#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace memprof::collect {
namespace {

constexpr char kTemplate[] = "/memprof-XXXXXX";
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;

std::vector<std::string> candidates() {
  std::vector<std::string> parents;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') {
    const std::size_t length = std::strlen(runtime) + sizeof(kTemplate) - 1 + std::strlen("/socket");
    // The target sees this path in its environment, so it must not hold what LD_PRELOAD would split.
    if (length <= kLongestSocketPath && std::strpbrk(runtime, " :") == nullptr) parents.emplace_back(runtime);
  }
  parents.emplace_back("/tmp");
  return parents;
}

}  // namespace

Result<SessionDirectory> SessionDirectory::create() {
  int error = 0;
  for (const std::string& parent : candidates()) {
    std::string path = parent + kTemplate;
    if (::mkdtemp(path.data()) != nullptr) return SessionDirectory(std::move(path));
    error = errno;
  }
  return failure(std::string("no directory for memprof's socket can be made in /tmp: ") + std::strerror(error),
                 "set XDG_RUNTIME_DIR to a directory that you can write to");
}

SessionDirectory::SessionDirectory(SessionDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

SessionDirectory::~SessionDirectory() {
  if (path_.empty()) return;
  ::unlink(socket_path().c_str());
  ::unlink(library_link().c_str());
  ::rmdir(path_.c_str());
}

Result<std::string> SessionDirectory::preloadable(const std::string& library) const {
  if (library.find_first_of(" :") == std::string::npos) return library;
  if (::symlink(library.c_str(), library_link().c_str()) != 0) {
    return failure(library + ": cannot be linked into " + path_ + ": " + std::strerror(errno),
                   "install memprof in a directory whose name has no space and no colon");
  }
  return library_link();
}

}  // namespace memprof::collect
