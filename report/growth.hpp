#pragma once
// objgraph's show_growth(): which groups have more blocks than they ever had before.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/grouping.hpp"

namespace memprof::report {

struct GrowthRow {
  std::string name;
  std::uint64_t count = 0, bytes = 0;  ///< live now
  std::uint64_t growth = 0;            ///< of the count, above its highest before
  NodeIndex stack = kNoIndex;          ///< by stack only
};

/// One series of profiles of one program, in the order of time.
class Growth {
 public:
  /// `options.by`: type, line, function, file or stack.
  explicit Growth(GroupOptions options) : options_(std::move(options)) {}

  /// Groups whose live blocks outnumber the highest number recorded for them, by growth, then count (descending), then
  /// name; the first profile lists everything. Comparing with the highest, not with the last number, keeps out what
  /// goes up and down. Only what grew is recorded.
  [[nodiscard]] Result<std::vector<GrowthRow>> next(const Profile& profile);

 private:
  GroupOptions options_;
  std::unordered_map<std::string, std::uint64_t> highest_;
};

}  // namespace memprof::report
