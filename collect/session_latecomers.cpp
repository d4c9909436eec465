#include "collect/session_latecomers.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "collect/session_process.hpp"
#include "wire/handshake.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kLongestEnvironment = 2 * 1024 * 1024;  // the kernel's usual limit of a whole command line
constexpr int kMostScans = 8;  // where other processes come and go all the time, no two are alike
constexpr std::size_t kLongestMaps = 16 * 1024 * 1024;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

pid_t number_of(const char* name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name, name + std::strlen(name), pid);
  return error == std::errc{} && *end == '\0' ? pid : 0;
}

/// The pid that was given out last; below an older one when the numbers have started again from the beginning.
pid_t youngest_pid() {
  const std::string text = read_bounded("/proc/loadavg", 256);  // "0.00 0.00 0.00 1/123 4567"
  return number_of(text.substr(text.rfind(' ') + 1, text.find('\n') - text.rfind(' ') - 1).c_str());
}

bool has_variable(const std::string& environment, const std::string& setting) {
  for (std::size_t at = environment.find(setting); at != std::string::npos; at = environment.find(setting, at + 1)) {
    const std::size_t end = at + setting.size();
    const bool whole = end == environment.size() || environment[end] == '\0';
    if (whole && (at == 0 || environment[at - 1] == '\0')) return true;
  }
  return false;
}

/// Processes of this user that are younger than the session's first one and not known to it, by rising number.
std::vector<pid_t> list_candidates(pid_t after, const std::function<bool(pid_t)>& known) {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc"));
  if (directory == nullptr) return pids;
  const bool started_again = youngest_pid() < after;
  while (const dirent* entry = ::readdir(directory.get())) {
    const pid_t pid = number_of(entry->d_name);
    if (pid == 0 || pid == ::getpid() || (pid <= after && !started_again) || known(pid)) continue;
    struct stat status {};
    const std::string folder = std::string("/proc/") + entry->d_name;
    if (::stat(folder.c_str(), &status) == 0 && status.st_uid == ::geteuid()) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

std::vector<Latecomer> find_latecomers(const std::string& socket, const std::string& library, pid_t after,
                                       const std::function<bool(pid_t)>& known) {
  const std::string setting = std::string(wire::kSocketVariable) + '=' + socket;
  std::vector<pid_t> before;
  std::vector<Latecomer> found;
  // A process may fork and end after /proc was listed and before it is looked at: then neither it nor its child is
  // seen. The child is in the next list, which is another one then.
  for (int scan = 0; scan < kMostScans; ++scan) {
    std::vector<pid_t> candidates = list_candidates(after, known);
    for (const pid_t pid : candidates) {
      const std::string folder = "/proc/" + std::to_string(pid);
      if (!has_variable(read_bounded(folder + "/environ", kLongestEnvironment), setting)) continue;
      // A zombie has neither environment nor maps, so it does not get here.
      const std::string maps = read_bounded(folder + "/maps", kLongestMaps);
      found.push_back({pid, maps.find(library) != std::string::npos});
    }
    if (!found.empty() || candidates == before) break;
    before = std::move(candidates);
  }
  return found;
}

}  // namespace memprof::collect
