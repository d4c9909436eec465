#include "cli/growth_live.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "collect/control_client.hpp"
#include "profile/profile_file.hpp"

namespace memprof::cli {
namespace {

volatile std::sig_atomic_t stop_asked = 0;

void ask_to_stop(int) { stop_asked = 1; }

/// Ctrl-C ends the watch, not the program in the middle of it; what was there before comes back.
class StopOnSignal {
 public:
  StopOnSignal() {
    stop_asked = 0;
    struct sigaction action {};
    action.sa_handler = ask_to_stop;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
  }
  ~StopOnSignal() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  /// Until then, or until a signal.
  static void sleep_until(std::chrono::steady_clock::time_point end) {
    while (stop_asked == 0) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      const std::timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
      ::nanosleep(&time, nullptr);
    }
  }

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
};

/// Holds the one snapshot that is being looked at; gone afterwards.
class PrivateDirectory {
 public:
  PrivateDirectory() {
    std::error_code error;
    std::string path = std::filesystem::temp_directory_path(error).string() + "/memprof-growth-XXXXXX";
    if (!error && ::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~PrivateDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  const std::string& path() const { return path_; }  ///< empty: it could not be made

 private:
  std::string path_;
};

Result<Profile> look(const collect::ProfiledProcess& process, const std::string& directory) {
  collect::SnapshotRequest request;
  request.name = "growth";
  request.directory = directory;
  request.path = directory + "/now.json";
  request.replace = true;
  const auto taken = collect::take_snapshot(process, request);
  if (!taken) return tl::unexpected<Error>(taken.error());
  return read_profile(taken->path);
}

bool is_still_there(std::int32_t pid) {
  const auto list = collect::list_profiled();
  if (!list) return false;
  for (const auto& process : list->processes) {
    if (process.pid == pid) return true;
  }
  return false;
}

}  // namespace

Result<int> watch_growth(const LiveGrowth& live, const report::GroupOptions& grouping, const GrowthView& view,
                         Console& console) {
  const auto list = collect::list_profiled();
  if (!list) return tl::unexpected<Error>(list.error());
  const auto process = collect::find_profiled(*list, live.process);
  if (!process) return tl::unexpected<Error>(process.error());
  const PrivateDirectory directory;
  if (directory.path().empty()) {
    return failure(std::string("no temporary directory can be made: ") + std::strerror(errno), "TMPDIR says where");
  }
  const StopOnSignal signals;
  report::Growth growth(grouping);
  const auto begin = std::chrono::steady_clock::now();
  const auto interval =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(live.every_s));
  for (std::uint64_t looks = 0; stop_asked == 0 && (live.times == 0 || looks < live.times); ++looks) {
    if (looks > 0) StopOnSignal::sleep_until(begin + interval * looks);
    if (stop_asked != 0) break;
    const auto profile = look(*process, directory.path());
    if (!profile) {
      if (is_still_there(process->pid)) return tl::unexpected<Error>(profile.error());
      console.err << "memprof: " << printable(process->program) << " (pid " << process->pid << ") has ended\n";
      return 0;
    }
    const auto rows = growth.next(*profile);
    if (!rows) return tl::unexpected<Error>(rows.error());
    const std::string name = process->program + " (pid " + std::to_string(process->pid) + ") after " +
                             format_duration(profile->snapshot.time_s);
    if (live.follow && console.out_terminal.interactive) {
      console.out << "\x1b[H\x1b[2J";
    } else if (looks > 0) {
      console.out << '\n';
    }
    console.out << growth_heading(name, *rows, view, console.out_terminal)
                << growth_text(*profile, *rows, view, console.out_terminal) << std::flush;
  }
  return 0;
}

}  // namespace memprof::cli
