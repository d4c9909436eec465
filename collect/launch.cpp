#include "collect/launch.hpp"

#include <spawn.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "wire/handshake.hpp"

namespace memprof::collect {
namespace {

constexpr std::string_view kPreload = "LD_PRELOAD=";

bool sets(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry.substr(0, name.size()) == name && entry[name.size()] == '=';
}

/// Whether the list, which the loader splits at spaces and colons, has `library` in it.
bool names_library(std::string_view list, std::string_view library) {
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find_first_of(" :", start), list.size());
    if (list.substr(start, end - start) == library) return true;
    start = end + 1;
  }
  return false;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  // posix_spawn takes char* for C's sake and writes to none of them.
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

class SpawnAttributes {
 public:
  explicit SpawnAttributes(const sigset_t& mask) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    ::posix_spawnattr_setsigmask(&attributes_, &mask);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace

std::vector<std::string> profiled_environment(const char* const* inherited, const std::string& library,
                                              const std::string& socket, bool follow_children) {
  std::vector<std::string> result;
  std::string preload = library;
  for (; *inherited != nullptr; ++inherited) {
    const std::string_view entry = *inherited;
    if (sets(entry, wire::kSocketVariable) || sets(entry, wire::kFollowVariable)) continue;
    if (entry.substr(0, kPreload.size()) == kPreload) {
      const std::string_view before = entry.substr(kPreload.size());
      if (names_library(before, library)) {
        preload = before;
      } else if (!before.empty()) {
        preload = library + ':' + std::string(before);
      }
      continue;
    }
    result.emplace_back(entry);
  }
  result.push_back(std::string(kPreload) + preload);
  result.push_back(std::string(wire::kSocketVariable) + '=' + socket);
  if (!follow_children) result.push_back(std::string(wire::kFollowVariable) + "=0");
  return result;
}

Result<pid_t> launch(const Launch& launch) {
  const std::vector<char*> arguments = pointers(launch.command);
  const std::vector<char*> environment = pointers(launch.environment);
  const SpawnAttributes attributes(launch.signal_mask);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, launch.executable.c_str(), nullptr, attributes.get(), arguments.data(), environment.data());
  if (error == 0) return pid;
  const std::string what = launch.executable + ": cannot be started: " + std::strerror(error);
  switch (error) {
    case ENOENT:
      return failure(what, "it, or the interpreter that it names, is gone", ExitCode::kNotFound);
    case E2BIG:
      return failure(what, "the arguments and the environment together are too long for the kernel",
                     ExitCode::kCannotRun);
    case EAGAIN:
    case ENOMEM:
      return failure(what, "the system is short of processes or memory (see ulimit -u and free)", ExitCode::kCannotRun);
    default:
      return failure(what, "try to start it without memprof", ExitCode::kCannotRun);
  }
}

}  // namespace memprof::collect
