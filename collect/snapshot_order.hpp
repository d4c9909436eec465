#pragma once
// A snapshot that somebody wants: travels from whoever asks, through the recorder that takes it, to whoever writes it.

#include <string>

#include "collect/unique_fd.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

struct SnapshotOrder {
  SnapshotKind kind = SnapshotKind::kCommand;
  std::string name;                 ///< empty: the recorder numbers it
  std::string path;                 ///< absolute; empty: a default name
  std::string directory;            ///< absolute, for default names; empty: where `memprof run` writes
  bool of_started_process = false;  ///< not of one that it started; the session fills it in
  bool replace = false;             ///< `path` may be replaced when it is there
  UniqueFd answer_to;               ///< the client's connection, if there is one
};

/// Why `name` cannot be the name of a snapshot, which becomes part of a file's: "it holds a slash". Empty: it can.
[[nodiscard]] std::string snapshot_name_problem(const std::string& name);

}  // namespace memprof::collect
