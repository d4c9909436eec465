#pragma once
// Several processes as one profile, so that every report can be made of a whole tree.

#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

/// Adds up sites that have the same call stack, by names and lines, whichever process they are of. The first profile
/// gives the process its name; times count from the earliest start. Threads and scopes stand side by side. Left out is
/// what has no sum: ticks, snapshots, and where resident memory was.
///
/// Every figure of a peak is the sum of what each process had at its own peak; only a site's highest heap is that of
/// the one process where it was highest. `profiles` must not be empty.
[[nodiscard]] Profile sum_profiles(const std::vector<Profile>& profiles);

}  // namespace memprof::report
