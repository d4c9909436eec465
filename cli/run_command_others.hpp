#pragma once
// The profiles of the processes that the profiled program started: some are written while it still runs, most
// afterwards, and those with next to nothing to tell not at all.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/run_command_output.hpp"
#include "cli/run_command_summary.hpp"
#include "collect/build_profile.hpp"

namespace memprof::cli {

/// Looks up symbols and writes the file, or says in `errors` why it is not where it should be. "" if it is nowhere.
[[nodiscard]] std::string save_profile(const Profile& profile, const std::string& path, std::vector<Error>& errors);

class OtherProfiles {
 public:
  OtherProfiles(ProfileOutput& output, const collect::SymbolizerOptions& symbols)
      : output_(output), symbols_(symbols) {}
  ~OtherProfiles() { wait_for_background(); }
  OtherProfiles(const OtherProfiles&) = delete;
  OtherProfiles& operator=(const OtherProfiles&) = delete;

  /// Writes it on a thread of its own. Waits while a few others are waiting already, so that memory is bounded.
  void write_in_background(collect::CapturedProcess&& process);
  /// Before anything below is called.
  void wait_for_background();

  void write(std::vector<collect::CapturedProcess>&& processes, const collect::SymbolizeProgress& progress);

  const std::vector<OtherProcess>& written() const { return written_; }
  const std::vector<Error>& errors() const { return errors_; }

 private:
  void work();
  void write_one(collect::CapturedProcess&& process, const collect::SymbolizeProgress& progress);

  // Belongs to the background thread while there is one.
  ProfileOutput& output_;
  collect::SymbolizerOptions symbols_;
  std::vector<OtherProcess> written_;
  std::vector<Error> errors_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<collect::CapturedProcess> queue_;
  bool last_one_queued_ = false;
  std::thread background_;
};

}  // namespace memprof::cli
