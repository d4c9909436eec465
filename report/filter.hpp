#pragma once
// --include and --exclude with tracemalloc's rules: a site is kept if any including filter matches (or there is
// none) and no excluding filter matches. A filter looks at the site's own frame only, unless all frames are asked
// for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/own_frame.hpp"

namespace memprof::report {

struct Filter {
  /// fnmatch pattern of the whole path of the source file, or of the module where no source is known. As "*" also
  /// matches "/", "*/json/*" means what it says. Without any "/" it is matched with the base name.
  std::string glob;
  std::optional<std::uint32_t> line;
};

/// "GLOB" or "GLOB:LINE".
[[nodiscard]] Result<Filter> parse_filter(const std::string& text);

struct FilterRules {
  std::vector<Filter> include, exclude;
  bool all_frames = false;
  bool empty() const { return include.empty() && exclude.empty(); }
};

/// One entry for each stack node: whether a site with this stack is kept. Empty when there are no rules.
std::vector<bool> kept_stacks(const Profile& profile, const FilterRules& rules, const OwnFrames& own);

/// fnmatch as filters do it.
bool glob_matches(const std::string& glob, const std::string& path);

}  // namespace memprof::report
