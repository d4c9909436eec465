#include "collect/launch.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "collect/unique_fd.hpp"
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

/// In the child. Signals are still blocked, so no handler of memprof's runs here.
[[noreturn]] void become(const char* executable, char* const* arguments, char* const* environment,
                         const sigset_t& signal_mask, int error_pipe) {
  struct sigaction action {};
  for (int number = 1; number < NSIG; ++number) {
    const bool handled =
        ::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL;
    action = {};
    if (handled) ::sigaction(number, &action, nullptr);
  }
  ::pthread_sigmask(SIG_SETMASK, &signal_mask, nullptr);
  ::execve(executable, arguments, environment);
  const int error = errno;
  while (::write(error_pipe, &error, sizeof error) < 0 && errno == EINTR) {
  }
  ::_exit(127);
}

/// 0, or the errno of what failed. Not posix_spawn(): glibc leaves its two internal signals ignored in the program.
int spawn(const Launch& launch, pid_t& pid) {
  const std::vector<char*> arguments = pointers(launch.command);
  const std::vector<char*> environment = pointers(launch.environment);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    become(launch.executable.c_str(), arguments.data(), environment.data(), launch.signal_mask, writing.get());
  }
  writing.reset();
  int error = 0;
  ssize_t got;
  do {
    got = ::read(reading.get(), &error, sizeof error);  // end of file: exec has closed the child's end
  } while (got < 0 && errno == EINTR);
  if (got != sizeof error) return 0;
  ::waitpid(pid, nullptr, 0);
  return error;
}

}  // namespace

std::vector<std::string> profiled_environment(const std::vector<std::string>& inherited, const std::string& library,
                                              const std::string& socket, bool follow_children,
                                              const std::vector<std::string>& only) {
  std::vector<std::string> result;
  std::string preload = library;
  for (const std::string_view entry : inherited) {
    if (sets(entry, wire::kSocketVariable) || sets(entry, wire::kFollowVariable)) continue;
    if (sets(entry, wire::kOnlyVariable)) continue;
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
  std::string patterns;
  for (const std::string& pattern : only) patterns += (patterns.empty() ? "" : ":") + pattern;
  if (!patterns.empty()) result.push_back(std::string(wire::kOnlyVariable) + '=' + patterns);
  return result;
}

Result<pid_t> launch(const Launch& launch) {
  pid_t pid = 0;
  const int error = spawn(launch, pid);
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
