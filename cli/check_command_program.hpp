#pragma once
// The program that `memprof check` runs, as often as it is asked to.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "collect/session.hpp"
#include "collect/target_check.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace memprof::cli {

struct RecordedRun {
  std::vector<Profile> processes;  ///< of the whole tree, those without an event left out; the program itself first
  std::string failure;             ///< how the program failed, as a sentence; empty: it did not
};

class CheckedProgram {
 public:
  /// Finds out before anything runs whether the program can be recorded. All failures are usage errors here.
  [[nodiscard]] static Result<CheckedProgram> prepare(const std::vector<std::string>& command, Console& console);

  /// Fails when there is nothing to judge: ExitCode::kProgramFailed when the program ended in failure before it could
  /// be recorded.
  [[nodiscard]] Result<RecordedRun> run();

 private:
  CheckedProgram(const std::vector<std::string>& command, collect::Target target, std::string library, Console& console)
      : command_(command), target_(std::move(target)), library_(std::move(library)), console_(&console) {}

  std::vector<std::string> command_;
  collect::Target target_;
  std::string library_;
  std::vector<std::string> environment_;  ///< the program's
  Console* console_;
};

}  // namespace memprof::cli
