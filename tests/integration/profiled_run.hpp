#pragma once
// `memprof run` on a program, its profiles, and the questions that tests ask of them.

#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "tests/integration/command.hpp"

namespace memprof::test {

/// Where things are in the build tree.
std::string memprof_program();  ///< or the one that the variable MEMPROF_TEST_PROGRAM names
std::string test_program(const std::string& name);
std::string example(const std::string& name);
std::string source_directory();
std::string build_directory();
/// Where the library is below an installation's prefix.
std::string installed_library();

struct ProfiledRun {
  CommandResult command;
  std::vector<Profile> profiles;  ///< of all processes, by pid, then by start

  /// The profile of the program itself; fails the test when there is none.
  const Profile& only() const;
};

/// The profile of one of the processes, of its last image; fails the test when there is none.
const Profile& profile_of(const ProfiledRun& run, std::int32_t pid);

/// Runs `memprof run --quiet RUN_OPTIONS -o … -- ARGUMENTS` and reads whatever profiles it wrote.
ProfiledRun profiled(const Arguments& arguments, const CommandOptions& options = {}, const Arguments& run_options = {});

/// Reads all profile files of a directory, by pid, then by start.
std::vector<Profile> read_profiles(const std::string& directory);

/// Sums over the call stacks whose innermost function is in the program's own executable: what it asked for itself,
/// without what the C and C++ libraries allocate on their own account. Without peaks, which belong to the process.
Totals own_totals(const Profile& profile);

/// Sums over the call stacks that lead through the program's executable at all: without what its libraries did before
/// main() and after it.
Totals totals_under_program(const Profile& profile);

/// The figure "allocations", "allocated_bytes", "peak_blocks", … summed over the stacks whose innermost function is the
/// one of this name; what was inlined into it is its own.
std::uint64_t figure_of_function(const Profile& profile, const std::string& figure, const std::string& function);

/// Fails the test unless the profile is complete and knows every block that was freed.
void check_quality(const Profile& profile);

}  // namespace memprof::test
