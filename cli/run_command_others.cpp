#include "cli/run_command_others.hpp"

#include <algorithm>
#include <utility>

namespace memprof::cli {
namespace {

constexpr std::size_t kMostQueued = 4;
constexpr std::size_t kFewProcesses = 16;

/// What a shell does between fork and exec.
bool only_started_another(const collect::CapturedProcess& process) {
  return process.trivial() && process.process.forked && process.process.end_kind == EndKind::kReplaced;
}

}  // namespace

std::string save_profile(const Profile& profile, const std::string& path, std::vector<Error>& errors) {
  auto saved = ProfileOutput::save(profile, path);
  if (!saved) {
    errors.push_back(std::move(saved.error()));
    return {};
  }
  if (!saved->trouble.empty()) {
    errors.push_back({saved->trouble, "the profile is in " + saved->path + " instead", ExitCode::kOk});
  }
  return saved->path;
}

void OtherProfiles::write_in_background(collect::CapturedProcess&& process) {
  std::unique_lock lock(mutex_);
  if (!background_.joinable()) background_ = std::thread([this] { work(); });
  changed_.wait(lock, [this] { return queue_.size() < kMostQueued; });
  queue_.push_back(std::move(process));
  changed_.notify_all();
}

void OtherProfiles::wait_for_background() {
  if (!background_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    last_one_queued_ = true;
  }
  changed_.notify_all();
  background_.join();
}

void OtherProfiles::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty() || last_one_queued_; });
    if (queue_.empty()) return;
    collect::CapturedProcess process = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    changed_.notify_all();
    write_one(std::move(process), {});
  }
}

void OtherProfiles::write(std::vector<collect::CapturedProcess>&& processes,
                          const collect::SymbolizeProgress& progress) {
  const bool few_and_small =
      written_.empty() && processes.size() <= kFewProcesses &&
      std::all_of(processes.begin(), processes.end(), [](const auto& process) { return process.trivial(); });
  for (collect::CapturedProcess& process : processes) {
    if (process.events() == 0 || only_started_another(process)) continue;
    if (!process.trivial() || few_and_small) write_one(std::move(process), progress);
  }
}

void OtherProfiles::write_one(collect::CapturedProcess&& process, const collect::SymbolizeProgress& progress) {
  OtherProcess row;
  row.tree_row = process.tree_row;
  const Profile profile = collect::build_profile(std::move(process), symbols_, progress);
  row.peak_bytes = profile.totals.peak_bytes;
  row.path = save_profile(profile, output_.other_path(profile.process), errors_);
  row.next = next_command(profile, row.path);
  if (!row.path.empty()) written_.push_back(std::move(row));
}

}  // namespace memprof::cli
