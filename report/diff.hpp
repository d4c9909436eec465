#pragma once
// tracemalloc's compare_to() for two profiles.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/grouping.hpp"
#include "report/shared_places.hpp"

namespace memprof::report {

struct DiffRow {
  std::string name;  ///< the new profile's, of a vanished group the old one's
  Measure before, after;
  FrameIndex old_frame = kNoIndex, new_frame = kNoIndex;  ///< kNoIndex: not in that profile
  NodeIndex old_stack = kNoIndex, new_stack = kNoIndex;   ///< by stack only
  std::uint32_t moved_from = 0;                           ///< by line: the line in the old profile, where it differs

  std::int64_t size_change() const { return change(before.bytes, after.bytes); }
  std::int64_t count_change() const { return change(before.count, after.count); }

 private:
  static std::int64_t change(std::uint64_t from, std::uint64_t to) {
    return static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from);
  }
};

struct Diff {
  std::vector<DiffRow> rows;  ///< that changed; by |size change|, size, |count change|, count, name
  std::size_t unchanged = 0;  ///< groups that didn't
  Measure before, after;      ///< all sites that the filters keep
};

/// Groups both as group_sites() does and matches the groups by name. Threads are matched by their names.
[[nodiscard]] Result<Diff> diff_profiles(DiffSide old_side, DiffSide new_side, const GroupOptions& options);

}  // namespace memprof::report
