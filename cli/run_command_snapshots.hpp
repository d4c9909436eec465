#pragma once
// The snapshots that are taken during a run: names their files, writes them, and remembers them for the summary.

#include <set>
#include <string>
#include <vector>

#include "cli/run_command_output.hpp"
#include "collect/build_profile.hpp"
#include "collect/session_snapshots.hpp"

namespace memprof::cli {

/// write() belongs to the session's snapshot thread; the rest is for afterwards.
class SnapshotFiles {
 public:
  SnapshotFiles(const ProfileOutput& output, const collect::SymbolizerOptions& symbols)
      : output_(output), symbols_(symbols) {}

  /// Looks up symbols and writes the profile, whole or not at all. A file that is there is replaced only if the order
  /// says so, or if its name is memprof's own choice.
  [[nodiscard]] Result<std::string> write(collect::CapturedProcess&& captured, const collect::SnapshotOrder& order);

  /// By time; those that a client asked for are his to know.
  const std::vector<std::string>& written() const { return written_; }
  const std::vector<Error>& errors() const { return errors_; }

 private:
  std::string path_for(const Process& process, const collect::SnapshotOrder& order);

  const ProfileOutput& output_;
  collect::SymbolizerOptions symbols_;
  std::set<std::string> used_;  ///< two snapshots of one run may have the same name
  std::vector<std::string> written_;
  std::vector<Error> errors_;
};

/// "3 snapshots: memprof.app.17.snapshot-1.json to memprof.app.17.snapshot-3.json"; empty: there are none.
[[nodiscard]] std::string snapshots_text(const std::vector<std::string>& written);

}  // namespace memprof::cli
