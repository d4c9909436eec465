#pragma once
// What `memprof run` does, without a word on the terminal: starts the program with the library in front, serves the
// handshake for the whole process tree, drains the rings, and hands over what each process image did.
//
// One session at a time, run from the main thread: signals belong to the whole process.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/session_snapshots.hpp"
#include "profile/process_tree.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

struct SessionOptions {
  std::string executable;                        ///< what to start: Target::path of check_target()
  std::vector<std::string> command;              ///< argv as the user typed it
  std::vector<std::string> environment;          ///< NAME=VALUE, without what memprof adds
  std::string preload_library;                   ///< absolute path of libmemprof.so
  std::uint32_t max_depth = 16384;               ///< frames kept per stack; 0: none
  bool drop_when_full = false;                   ///< drop events instead of waiting for the collector
  std::uint64_t most_kept_bytes = 128ull << 20;  ///< see SessionObserver::set_aside
  bool follow_children = true;                   ///< false: only the started process, not what it starts
  std::chrono::milliseconds snapshot_every{0};   ///< 0: never
  int snapshot_signal = 0;                       ///< SIGUSR1 or SIGUSR2 to memprof; 0: none
  bool snapshot_at_peak = false;
  std::vector<std::string> only;  ///< patterns of names as in wire::kOnlyVariable; empty: all programs
};

/// Sums over all processes that are being recorded, for the status line.
struct LiveStatus {
  double elapsed_s = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;  ///< highest live_bytes of this sum seen at any time of looking
  std::uint64_t events = 0;      ///< ever
  std::uint32_t processes = 0;   ///< recorded and alive
  bool interrupted = false;      ///< one more Ctrl-C now ends the recording
  bool main_ended = false;       ///< only stragglers are left
};

/// Told by run_session(), from its calling thread if nothing else is said.
struct SessionObserver {
  std::function<void(const LiveStatus&)> status;  ///< about ten times a second
  std::function<void(const std::string&)> note;   ///< a sentence that the user should read
  std::function<void()> suspended;                ///< Ctrl-Z: memprof is about to stop
  /// Takes what a process has left that is not the started one, once more is kept in memory than is comfortable: a
  /// build makes hundreds of compilers. Trivial ones are kept, without details. Not set: everything is kept.
  std::function<void(CapturedProcess&&)> set_aside;
  /// On a thread of its own, one call at a time; the last one has returned when run_session() returns.
  SnapshotWriter snapshot;
};

struct SessionResult {
  int exit_status = 0;       ///< as a shell would report it: status, or 128 + signal
  bool interrupted = false;  ///< Ctrl-C ended the recording before all recorded processes had ended
  std::int32_t main_pid = 0;
  std::vector<CapturedProcess> processes;   ///< one for each process image, by end; without symbols yet
  std::optional<std::size_t> main_process;  ///< the last image of the started process
  Error unrecorded;                         ///< why main_process is missing, as far as known
  bool left_out = false;                    ///< main_process is missing because of SessionOptions::only
  ProcessTree tree;                         ///< row CapturedProcess::tree_row belongs to each process
  std::jthread disposal;                    ///< gives back what is no longer needed, meanwhile
};

/// Runs the program to its end and all its recorded descendants to theirs. Errors: the program could not be started
/// (ExitCode::kNotFound, kCannotRun), or the session could not be set up.
[[nodiscard]] Result<SessionResult> run_session(const SessionOptions& options, const SessionObserver& observer);

}  // namespace memprof::collect
