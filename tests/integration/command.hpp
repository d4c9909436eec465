#pragma once
// Runs a command as a shell would and keeps what it says.

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace memprof::test {

using Arguments = std::vector<std::string>;

struct CommandOptions {
  std::chrono::seconds timeout{120};
  std::string directory;                                         ///< to run in; empty: this one
  std::string input;                                             ///< what it reads on standard input
  std::vector<std::pair<std::string, std::string>> environment;  ///< set besides what the test has
};

struct CommandResult {
  int status = -1;  ///< exit status, or 128 + signal
  std::string out, err;
};

/// A command that is running. Its standard streams are files; it has a process group of its own, which is killed when
/// the object goes before the command has ended.
class RunningCommand {
 public:
  explicit RunningCommand(const Arguments& arguments, const CommandOptions& options = {});
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  /// Throws when it takes longer than options.timeout, with what it has said so far and the stacks of all threads.
  CommandResult wait();

 private:
  Arguments arguments_;
  std::chrono::steady_clock::time_point deadline_;
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

CommandResult run_command(const Arguments& arguments, const CommandOptions& options = {});

/// The arguments in one line, for messages.
std::string shown(const Arguments& arguments);

}  // namespace memprof::test
