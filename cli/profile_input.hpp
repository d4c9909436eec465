#pragma once
// The FILE of a report: a profile, or the index of a process tree, whose profiles are then read and added up.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/process_tree.hpp"
#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace CLI {
class App;
}

namespace memprof::cli {

struct ProfileInput {
  Profile profile;
  /// What a reader of the report has to know: lines with their ends. Empty unless several processes were added up.
  std::string note;
};

/// `pid`: only this process, with all its images if it executed other programs. A pid that is not there is an error
/// that lists those that are.
[[nodiscard]] Result<ProfileInput> read_profile_input(const std::string& file, std::optional<std::uint64_t> pid);

/// The profiles that FILE stands for, one by one, with the files they are in.
struct ProfileFiles {
  std::vector<Profile> profiles;
  std::vector<std::string> files;
};
[[nodiscard]] Result<ProfileFiles> read_profile_files(const std::string& file, std::optional<std::uint64_t> pid);

/// "--pid", or another name for it.
void add_pid(CLI::App& parser, const std::string& name, std::optional<std::uint64_t>& pid, const std::string& help);

}  // namespace memprof::cli
