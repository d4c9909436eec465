#pragma once
// tracemalloc's statistics: the sites of a profile added up by place and sorted.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/filter.hpp"
#include "report/sums.hpp"
#include "report/type_groups.hpp"

namespace memprof::report {

enum class GroupBy : std::uint8_t { kLine, kFunction, kFile, kModule, kStack, kThread, kType };

struct GroupOptions {
  GroupBy by = GroupBy::kLine;
  Metric metric = Metric::kLive;
  bool cumulative = false;  ///< a site counts for every place on its stack, not only its own; once for each place
  bool innermost = false;   ///< a site's own frame is literally the innermost one; see own_frame.hpp
  bool raw_types = false;   ///< by type: nodes and buffers under their own names, not their containers'
  FilterRules filters = {};
};

struct GroupRow {
  std::string name;  ///< full: nothing is shortened here
  Measure measure;   ///< of the metric asked for
  Sums sums;
  FrameIndex frame = kNoIndex;         ///< a frame of the group; kNoIndex for threads and sites without a stack
  NodeIndex stack = kNoIndex;          ///< by stack: where the stack begins, library frames inside it left out
  std::vector<TypeShare> shares = {};  ///< by type only; `frame` is then set where the type is unknown
};

struct Grouping {
  /// Without those whose measure is zero; by bytes, then count (descending), then name. Types by count first, as
  /// objgraph sorts them.
  std::vector<GroupRow> rows;
  Measure total;  ///< over all sites kept by the filters, whatever the number of rows shown
};

/// Fails when the options contradict one another (threads have no stacks, stacks aren't cumulative).
[[nodiscard]] Result<Grouping> group_sites(const Profile& profile, const GroupOptions& options);

}  // namespace memprof::report
