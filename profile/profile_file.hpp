#pragma once
// Reading and writing profile files (docs/profile-format.md). A name that ends in ".zst" is compressed with zstd.

#include <string>

#include "profile/profile.hpp"
#include "profile/result.hpp"

namespace memprof {

/// Major versions differ when an old reader would misread; minor ones add keys, which readers skip.
inline constexpr int kFormatMajor = 1;
inline constexpr int kFormatMinor = 0;

/// Writes through a temporary file in the same directory and a rename: `path` is never half-written. Mode 0600.
[[nodiscard]] Result<void> write_profile(const Profile& profile, const std::string& path);

/// Reads and checks everything: format, major version, every index, nesting. On error names the file and the place.
[[nodiscard]] Result<Profile> read_profile(const std::string& path);

/// The same on text in memory (`name` is used in errors); what the fuzzer drives.
[[nodiscard]] Result<Profile> parse_profile(const std::string& json, const std::string& name);
[[nodiscard]] std::string format_profile(const Profile& profile);

}  // namespace memprof
