#include "collect/session_process.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <ctime>
#include <string_view>
#include <vector>

#include "collect/unique_fd.hpp"

namespace memprof::collect {
namespace {

constexpr std::size_t kLongestCommand =
    256 * 1024;                           // the kernel allows 2 MiB and more; a report needs no more than this
constexpr std::size_t kLongestComm = 15;  // TASK_COMM_LEN - 1
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string proc(pid_t pid, std::string_view file) { return "/proc/" + std::to_string(pid) + '/' + std::string(file); }

std::string read_link(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : std::string();
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::vector<std::string> split_at_zeros(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\0', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::int64_t now_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

/// Fields of /proc/PID/stat, by their numbers in proc(5).
struct Stat {
  char state = '?';               ///< field 3
  std::int32_t parent = 0;        ///< 4
  std::int64_t start_ticks = -1;  ///< 22, since boot
  int wait_status = 0;            ///< 52, of a zombie
};

Stat read_stat(pid_t pid) {
  const std::string text = read_bounded(proc(pid, "stat"), 4096);
  Stat stat;
  // Field 2 is the name in parentheses and may hold anything; the last ")" ends it.
  std::size_t at = text.rfind(')');
  const char* const end = text.data() + text.size();
  for (int field = 3; field <= 52 && at != std::string::npos; ++field) {
    at = text.find(' ', at);
    if (at == std::string::npos || ++at == text.size()) break;
    const char* const value = text.data() + at;
    if (field == 3) stat.state = *value;
    if (field == 4) std::from_chars(value, end, stat.parent);
    if (field == 22) std::from_chars(value, end, stat.start_ticks);
    if (field == 52) std::from_chars(value, end, stat.wait_status);
  }
  return stat;
}

/// struct pidfd_info and PIDFD_GET_INFO of linux/pidfd.h, which is newer than the headers that we build with. Linux
/// 6.15 and later fill in exit_code once the parent has collected the process.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t pid, tgid, parent;
  std::uint32_t ids[8];
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kPidfdInfoExit = 1u << 3;
constexpr unsigned long kPidfdGetInfo = _IOWR(0xff, 11, PidfdInfo);

std::optional<int> collected_status(int pidfd) {
  PidfdInfo info{};
  info.mask = kPidfdInfoExit;
  const bool known = ::ioctl(pidfd, kPidfdGetInfo, &info) == 0 && (info.mask & kPidfdInfoExit) != 0;
  return known ? std::optional(info.exit_code) : std::nullopt;
}

std::int64_t start_unix_ms(const Stat& stat) {
  const std::int64_t now = now_ns(CLOCK_REALTIME);
  if (stat.start_ticks < 0) return now / 1'000'000;
  const std::int64_t ns_per_tick = kNsPerSecond / ::sysconf(_SC_CLK_TCK);
  const std::int64_t age = now_ns(CLOCK_BOOTTIME) - stat.start_ticks * ns_per_tick;
  return (now - std::max<std::int64_t>(age, 0)) / 1'000'000;
}

/// The name under which the program was started: "python3" rather than what that links to, the script rather than its
/// interpreter. The kernel keeps 15 characters of it; the longer original is looked for among what is known.
std::string program_name(pid_t pid, const Process& process) {
  const std::string comm = short_name_of(pid);
  if (comm.empty()) return base_name(process.executable);
  if (comm.size() < kLongestComm) return comm;
  for (std::size_t i = 0; i < process.command.size() && i < 3; ++i) {
    const std::string name = base_name(process.command[i]);
    if (name.compare(0, comm.size(), comm) == 0) return name;
  }
  const std::string executable = base_name(process.executable);
  return executable.compare(0, comm.size(), comm) == 0 ? executable : comm;
}

}  // namespace

std::string read_bounded(const std::string& path, std::size_t limit) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  if (!file) return text;
  char buffer[4096];
  while (text.size() < limit) {
    const ssize_t got = ::read(file.get(), buffer, std::min(sizeof buffer, limit - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::optional<int> wait_status_of(pid_t pid, int pidfd) {
  // A zombie has it in /proc, a process that was collected in its pidfd; it may be collected between the two looks.
  if (const auto status = collected_status(pidfd)) return status;
  const Stat stat = read_stat(pid);
  if (stat.state == 'Z') return stat.wait_status;
  return collected_status(pidfd);
}

std::string short_name_of(pid_t pid) {
  std::string name = read_bounded(proc(pid, "comm"), 64);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

pid_t parent_of(pid_t pid) { return read_stat(pid).parent; }

std::string executable_of(pid_t pid) {
  constexpr std::string_view kDeleted = " (deleted)";  // the kernel's mark for a file that is gone
  std::string path = read_link(proc(pid, "exe"));
  if (path.size() > kDeleted.size() && path.compare(path.size() - kDeleted.size(), kDeleted.size(), kDeleted) == 0) {
    path.resize(path.size() - kDeleted.size());
  }
  return path;
}

Process describe_process(pid_t pid) {
  Process process;
  process.pid = pid;
  process.executable = executable_of(pid);
  process.command = split_at_zeros(read_bounded(proc(pid, "cmdline"), kLongestCommand));
  process.directory = read_link(proc(pid, "cwd"));
  process.program = program_name(pid, process);
  const Stat stat = read_stat(pid);
  process.parent_pid = stat.parent;
  process.start_unix_ms = start_unix_ms(stat);
  utsname system{};
  if (::uname(&system) == 0) process.architecture = system.machine;
  return process;
}

}  // namespace memprof::collect
