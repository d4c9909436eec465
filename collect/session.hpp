#pragma once
// What `memprof run` does, without a word on the terminal: starts the program with the library in front, serves the
// handshake for the whole process tree, drains the rings, and hands over one Profile per process image.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "collect/symbolizer.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

struct SessionOptions {
  std::vector<std::string> command;  ///< argv; command[0] is looked up in PATH
  std::string preload_library;       ///< absolute path of libmemprof.so
  std::uint32_t max_depth = 16384;   ///< frames kept per stack; 0: none
  bool drop_when_full = false;       ///< drop events instead of waiting for the collector
  bool follow_children = true;       ///< false: only the started process, not what it starts
};

/// Sums over all processes that are being recorded, for the status line.
struct LiveStatus {
  double elapsed_s = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;  ///< highest live_bytes of this sum seen at any time of looking
  std::uint64_t events = 0;      ///< ever
  std::uint32_t processes = 0;   ///< recorded and alive
  bool main_ended = false;       ///< only stragglers are left
};

/// Told by run_session(), always from its calling thread.
struct SessionObserver {
  std::function<void(const LiveStatus&)> status;  ///< about ten times a second
  std::function<void(const std::string&)> note;   ///< a sentence that the user should read
};

struct CapturedProcess;  // collect/captured_process.hpp

struct SessionResult {
  int exit_status = 0;       ///< as a shell would report it: status, or 128 + signal
  bool interrupted = false;  ///< a second Ctrl-C ended the wait for stragglers
  std::int32_t main_pid = 0;
  std::vector<CapturedProcess> processes;  ///< by start; without symbols yet
};

/// Runs the program to its end and all its recorded descendants to theirs. Errors: the program could not be started
/// (ExitCode::kNotFound, kCannotRun), or the session could not be set up.
[[nodiscard]] Result<SessionResult> run_session(const SessionOptions& options, const SessionObserver& observer);

}  // namespace memprof::collect
