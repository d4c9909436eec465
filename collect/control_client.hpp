#pragma once
// Asking the `memprof run` that watches a process: who is being profiled by this user, and a snapshot of one of them.
// Any number of clients, any thread; each call opens a connection of its own.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "profile/result.hpp"

namespace memprof::collect {

/// A process that is being profiled now.
struct ProfiledProcess {
  std::int32_t pid = 0;
  std::string program;               ///< base name
  std::vector<std::string> command;  ///< argv
  std::int64_t start_unix_ms = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t snapshots = 0;   ///< taken so far
  std::int32_t memprof_pid = 0;  ///< of its `memprof run`
  std::string socket;            ///< where that listens
};

/// All processes that are being profiled by this user, by memprof_pid and pid. Sockets that memprofs which were killed
/// have left behind are removed. No directory yet means: none. Errors: the directory is not safe to use.
[[nodiscard]] Result<std::vector<ProfiledProcess>> list_profiled();

/// The one of `profiled` that `pid_or_name` means: its pid, or the name of its program. The error says who is there.
[[nodiscard]] Result<ProfiledProcess> find_profiled(const std::vector<ProfiledProcess>& profiled,
                                                    const std::string& pid_or_name);

struct SnapshotRequest {
  std::string name;       ///< shown in reports; empty: numbered. See snapshot_name_problem()
  std::string path;       ///< absolute; empty: memprof's default name in `directory`
  std::string directory;  ///< absolute
  bool replace = false;   ///< `path` may be replaced when it is there; a default name always is
};

struct SnapshotTaken {
  std::string path;
  std::string name;
  std::uint64_t live_bytes = 0, live_blocks = 0;
};

/// Has the profile of this moment written and waits for that. Errors: the process has ended, the file cannot be
/// written (nothing is replaced then).
[[nodiscard]] Result<SnapshotTaken> take_snapshot(const ProfiledProcess& process, const SnapshotRequest& request);

/// Why `name` cannot be the name of a snapshot ("holds a slash"); empty: it can.
[[nodiscard]] std::string snapshot_name_problem(const std::string& name);

}  // namespace memprof::collect
