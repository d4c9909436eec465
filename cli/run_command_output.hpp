#pragma once
// Where `memprof run` writes its profiles, and what it does when that does not work out.

#include <cstdint>
#include <set>
#include <string>

#include "collect/snapshot_order.hpp"
#include "profile/process_tree.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace memprof::cli {

class ProfileOutput {
 public:
  /// `file` as given with -o, "" for memprof.<program>.<pid>.json here. Finds out before the program starts whether
  /// files can be made there.
  [[nodiscard]] static Result<ProfileOutput> prepare(const std::string& file);

  /// The names do not collide with one another within a run; an older file of the same name is replaced.
  std::string main_path(const Process& process);
  std::string other_path(const Process& process);

  struct Name {
    std::string stem, extension;
  };
  /// Where a snapshot goes whose order names no path: the parts between which a number may come. An older file of the
  /// name is replaced.
  Name snapshot_path(const Process& process, const collect::SnapshotOrder& order) const;
  /// Beside the profile of the started program; another file of this name is replaced.
  std::string tree_path(const Process& process) const;

  struct Saved {
    std::string path;
    std::string trouble;  ///< why it is not where it should be; empty: it is
  };
  /// Writes to `path`, or else to $TMPDIR or /tmp.
  [[nodiscard]] static Result<Saved> save(const Profile& profile, const std::string& path);
  [[nodiscard]] static Result<Saved> save(const ProcessTree& tree, const std::string& path);

 private:
  explicit ProfileOutput(std::string file) : file_(std::move(file)) {}
  std::string unused(const std::string& stem, const std::string& extension);

  std::string file_;
  std::set<std::string> used_;
};

}  // namespace memprof::cli
