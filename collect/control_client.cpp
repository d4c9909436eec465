#include "collect/control_client.hpp"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "collect/control_directory.hpp"
#include "collect/control_message.hpp"

namespace memprof::collect {
namespace {

constexpr timeval kListPatience{5, 0};  // a memprof that was stopped with Ctrl-Z answers nobody
constexpr std::string_view kSocketEnding = ".sock";

/// Names of the sockets in a directory.
std::vector<std::string> sockets_in(const std::string& directory) {
  std::vector<std::string> paths;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), &::closedir);
  if (!listing) return paths;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(kSocketEnding) && name.front() != '.') paths.push_back(directory + '/' + std::string(name));
  }
  return paths;
}

/// Nobody listens: `errno` is ECONNREFUSED.
UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!connection) return {};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &kListPatience, sizeof kListPatience);
  int result;
  do {
    result = ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    const int reason = errno;
    connection.reset();
    errno = reason;
  }
  return connection;
}

/// Reads the processes of one answer, or nothing if it makes no sense.
class ListReader {
 public:
  explicit ListReader(const ControlMessage& message) : message_(message) {}

  bool read_into(ProfiledList& list, const std::string& socket) {
    if (text() != kControlDone) return false;
    const auto total = number<std::uint64_t>();
    std::vector<ProfiledProcess> processes;
    while (good_ && at_ < message_.size()) {
      ProfiledProcess process;
      process.socket = socket;
      process.pid = number<std::int32_t>();
      process.program = text();
      process.start_unix_ms = number<std::int64_t>();
      process.live_bytes = number<std::uint64_t>();
      process.peak_bytes = number<std::uint64_t>();
      process.snapshots = number<std::uint64_t>();
      process.memprof_pid = number<std::int32_t>();
      for (auto words = number<std::size_t>(); good_ && words > 0; --words) process.command.push_back(text());
      processes.push_back(std::move(process));
    }
    if (!good_) return false;
    list.more += total - std::min<std::uint64_t>(total, processes.size());
    list.processes.insert(list.processes.end(), processes.begin(), processes.end());
    return true;
  }

 private:
  std::string text() {
    if (at_ < message_.size()) return message_[at_++];
    good_ = false;
    return {};
  }
  template <typename Number>
  Number number() {
    const auto value = control_number<Number>(text());
    if (!value) good_ = false;
    return value.value_or(0);
  }

  const ControlMessage& message_;
  std::size_t at_ = 0;
  bool good_ = true;
};

void ask_for_list(const std::string& socket, ProfiledList& list) {
  const UniqueFd connection = connect_to(socket);
  if (!connection) {
    if (errno == ECONNREFUSED) ::unlink(socket.c_str());  // its memprof was killed
    return;
  }
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kListPatience, sizeof kListPatience);
  if (!send_message(connection.get(), {std::string(kControlList)})) return;
  errno = 0;
  if (const auto answer = receive_message(connection.get())) {
    ListReader(*answer).read_into(list, socket);
  } else if (errno == EAGAIN) {
    ++list.silent;
  }
}

/// "redis-server (pid 17), python3 (pid 23)".
std::string who_is_there(const ProfiledList& list) {
  constexpr std::size_t kShown = 8;
  std::string names;
  for (std::size_t i = 0; i < std::min(list.processes.size(), kShown); ++i) {
    const ProfiledProcess& process = list.processes[i];
    names += (i == 0 ? "" : ", ") + process.program + " (pid " + std::to_string(process.pid) + ')';
  }
  return list.processes.size() > kShown ? names + ", …" : names;
}

Error failed_error(const ControlMessage& answer) {
  if (answer.size() != 4 || answer[0] != kControlFailed) {
    return {"memprof's answer cannot be understood", "use the memprof that runs the program, too"};
  }
  const int code = control_number<int>(answer[1]).value_or(static_cast<int>(ExitCode::kUsage));
  return {answer[2], answer[3], static_cast<ExitCode>(code)};
}

}  // namespace

Result<ProfiledList> list_profiled() {
  ProfiledList list;
  for (const std::string& directory : control_directories()) {
    struct stat status {};
    if (::lstat(directory.c_str(), &status) != 0) continue;
    if (auto safe = check_control_directory(directory); !safe) return tl::unexpected(safe.error());
    const auto before = static_cast<std::ptrdiff_t>(list.processes.size());
    for (const std::string& socket : sockets_in(directory)) ask_for_list(socket, list);
    std::stable_sort(list.processes.begin() + before, list.processes.end(),
                     [](const auto& a, const auto& b) { return a.memprof_pid < b.memprof_pid; });
  }
  return list;
}

Result<ProfiledProcess> find_profiled(const ProfiledList& list, const std::string& pid_or_name) {
  const auto pid = control_number<std::int32_t>(pid_or_name);
  std::vector<const ProfiledProcess*> found;
  for (const ProfiledProcess& process : list.processes) {
    if (pid ? process.pid == *pid : process.program == pid_or_name) found.push_back(&process);
  }
  if (found.size() == 1) return *found.front();
  const std::string what = (pid ? "process " : "") + pid_or_name;
  if (found.empty()) {
    std::string hint =
        list.processes.empty() ? "nothing is: start it with `memprof run`" : "these are: " + who_is_there(list);
    if (list.silent > 0) hint += "; a memprof that was stopped does not answer";
    return failure(what + " is not being profiled", hint);
  }
  std::string pids;
  for (const ProfiledProcess* process : found) pids += (pids.empty() ? "" : ", ") + std::to_string(process->pid);
  return failure(what + " is being profiled " + std::to_string(found.size()) + " times",
                 "name one by its pid: " + pids);
}

Result<SnapshotTaken> take_snapshot(const ProfiledProcess& process, const SnapshotRequest& request) {
  const std::string who = process.program + " (pid " + std::to_string(process.pid) + ')';
  if (!request.name.empty()) {
    if (const std::string problem = snapshot_name_problem(request.name); !problem.empty()) {
      return failure("the snapshot's name cannot be used: " + problem, "such as --name 'after warm-up'");
    }
  }
  const UniqueFd connection = connect_to(process.socket);
  if (!connection) return failure(who + " is not being profiled any more", "memprof ps lists what is");
  const bool asked =
      send_message(connection.get(), {std::string(kControlSnapshot), std::to_string(process.pid), request.name,
                                      request.path, request.directory, request.replace ? "1" : "0"});
  const auto answer = asked ? receive_message(connection.get()) : std::nullopt;
  if (!answer) return failure(who + " ended before its snapshot was taken", "the profile of the whole run is written");
  if (answer->size() != 5 || answer->front() != kControlDone) return tl::unexpected(failed_error(*answer));
  return SnapshotTaken{(*answer)[1], (*answer)[2], control_number<std::uint64_t>((*answer)[3]).value_or(0),
                       control_number<std::uint64_t>((*answer)[4]).value_or(0)};
}

}  // namespace memprof::collect
