#pragma once
// Where a process's resident memory was, in words.

#include <string>
#include <utility>
#include <vector>

#include "cli/json_report.hpp"
#include "profile/profile.hpp"

namespace memprof::cli {

/// "heap 12.0 MiB + allocator 3.1 MiB + files 4.0 MiB": the parts that are worth a word, the largest first.
[[nodiscard]] std::string coverage_text(const Profile& profile, const MemoryMoment& moment);

/// A line for each part, with its label: "heap", "12.0 MiB live, of which …".
[[nodiscard]] std::vector<std::pair<std::string, std::string>> coverage_lines(const Profile& profile,
                                                                              const MemoryMoment& moment);

/// The moments of the profile with what they are made of.
[[nodiscard]] Json json_memory(const Profile& profile);

}  // namespace memprof::cli
