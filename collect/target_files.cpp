#include "collect/target_files.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <fstream>
#include <string_view>

#include "collect/regular_file.hpp"

namespace memprof::collect {
namespace {

/// Descriptors of modules that may be open in this process altogether; the rest of the limit is for the session.
int highest_descriptor() {
  constexpr rlim_t kMost = 512;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<int>(std::min(kMost, limit.rlim_cur / 2));
}

UniqueFd open_regular(const std::string& path) {
  UniqueFd file = open_regular_file(path);  // the target names the path
  // Descriptors are given out from the lowest up, so their number tells how many are open.
  if (!file || file.get() >= highest_descriptor()) return {};
  return file;
}

}  // namespace

void TargetFiles::open(pid_t pid) {
  pid_ = pid;
  statm_ = UniqueFd(::open(proc("statm").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink(proc("exe").c_str(), path.data(), path.size());
  if (length <= 0) return;
  std::string_view found(path.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kDeleted = " (deleted)";
  if (found.ends_with(kDeleted)) found.remove_suffix(kDeleted.size());
  executable_ = found;
}

std::string TargetFiles::proc(const std::string& name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }

std::uint64_t TargetFiles::rss_bytes() const {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::array<char, 128> text{};
  const ssize_t length = statm_ ? ::pread(statm_.get(), text.data(), text.size(), 0) : 0;
  if (length <= 0) return 0;
  const char* end = text.data() + length;
  const char* second = std::find(static_cast<const char*>(text.data()), end, ' ');
  std::uint64_t pages = 0;
  if (second == end || std::from_chars(second + 1, end, pages).ec != std::errc{}) return 0;
  return pages * page_bytes;
}

std::string TargetFiles::thread_name(std::uint32_t tid) const {
  std::string name;
  if (pid_ == 0) return name;
  std::ifstream file(proc("task/" + std::to_string(tid) + "/comm"));
  std::getline(file, name);
  return name;
}

UniqueFd TargetFiles::open_executable() const { return pid_ == 0 ? UniqueFd{} : open_regular(proc("exe")); }

UniqueFd TargetFiles::open_module(const std::string& path) const {
  if (pid_ == 0 || path.empty() || path.front() != '/') return {};
  return open_regular(proc("root") + path);
}

}  // namespace memprof::collect
