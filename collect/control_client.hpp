#pragma once
// Asking the `memprof run` that watches a process: who is being profiled by this user, and a snapshot of one of them.
// Any number of clients, any thread; each call opens a connection of its own.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "collect/snapshot_order.hpp"
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

struct ProfiledList {
  std::vector<ProfiledProcess> processes;  ///< those of $XDG_RUNTIME_DIR first; by memprof_pid, and of one memprof
                                           ///< the started process before what it started
  std::uint64_t more = 0;                  ///< that did not fit into an answer
  std::uint64_t silent = 0;                ///< memprofs that said nothing within 5 s: stopped, perhaps by Ctrl-Z
};

/// All processes that are being profiled by this user. Sockets that killed memprofs have left behind are removed. No
/// directory yet means: none. Errors: the directory is not safe to use.
[[nodiscard]] Result<ProfiledList> list_profiled();

/// The one of the list that `pid_or_name` means: its pid, or the name of its program. The error says who is there.
[[nodiscard]] Result<ProfiledProcess> find_profiled(const ProfiledList& list, const std::string& pid_or_name);

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

}  // namespace memprof::collect
