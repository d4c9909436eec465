#include "profile/index_check.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "profile/profile_fields.hpp"

namespace memprof {
namespace {

std::string place(std::string_view table, std::string_view column, std::size_t row) {
  return std::string(table) + "." + std::string(column) + "[" + std::to_string(row) + "]";
}

struct Target {
  std::string_view table;
  std::size_t rows;
};

Target target(const Profile& profile, Reference reference) {
  switch (reference) {
    case Reference::kStrings:
      return {"strings", profile.strings.size()};
    case Reference::kModules:
      return {"modules", profile.modules.size()};
    case Reference::kFrames:
      return {"frames", profile.frames.size()};
    case Reference::kStacks:
      return {"stacks", profile.stacks.size()};
    case Reference::kTypes:
      return {"types", profile.types.size()};
    case Reference::kSites:
      return {"sites", profile.sites.size()};
    case Reference::kThreads:
      return {"threads", profile.threads.size()};
    case Reference::kTicks:
      return {"ticks", profile.ticks.size()};
    case Reference::kScopes:
      return {"scopes", profile.scopes.size()};
    case Reference::kNone:
      break;
  }
  return {};
}

template <typename Row>
std::string index_out_of_range(std::string_view table, const std::vector<Row>& rows, const Field<Row>& field,
                               Target target) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint32_t index = field.index(rows[i]);
    if (index < target.rows || (field.optional_index && index == kNoIndex)) continue;
    return place(table, field.name, i) + " is " + std::to_string(index) + ", but " + std::string(target.table) +
           " has " + std::to_string(target.rows) + (target.rows == 1 ? " row" : " rows");
  }
  return {};
}

std::string any_index_out_of_range(const Profile& profile) {
  std::string problem;
  for_each_table(profile, [&](std::string_view table, const auto& rows, const auto& fields) {
    for (const auto& field : fields) {
      if (field.reference == Reference::kNone || !problem.empty()) continue;
      problem = index_out_of_range(table, rows, field, target(profile, field.reference));
    }
  });
  return problem;
}

std::string broken_stack_tree(const std::vector<StackNode>& stacks) {
  if (stacks.size() < kRootCount) return "stacks has fewer than " + std::to_string(kRootCount) + " rows";
  for (NodeIndex node = 0; node < stacks.size(); ++node) {
    const StackNode& stack = stacks[node];
    if (node < kRootCount) {
      if (stack.parent != kNoIndex) return place("stacks", "parent", node) + " must be -1, because it is a root";
      if (stack.frame != kNoIndex) return place("stacks", "frame", node) + " must be -1, because it is a root";
    } else if (stack.parent == kNoIndex) {
      return place("stacks", "parent", node) + " is -1, but only the first " + std::to_string(kRootCount) +
             " rows are roots";
    } else if (stack.parent >= node) {
      return place("stacks", "parent", node) + " does not come before its child";
    } else if (stack.frame == kNoIndex) {
      return place("stacks", "frame", node) + " is -1, but only roots have no frame";
    }
  }
  return {};
}

std::string repeated_site(const Profile& profile, std::string_view table, const std::vector<Site>& sites) {
  std::vector<bool> taken(profile.stacks.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const NodeIndex stack = sites[i].stack;
    if (taken[stack]) return place(table, "stack", i) + " is " + std::to_string(stack) + ", which has a site already";
    taken[stack] = true;
  }
  return {};
}

/// For tables whose rows have a time that never falls.
template <typename Row>
std::string disordered(std::string_view table, const std::vector<Row>& rows, std::string_view column = "time_s",
                       double Row::*time = &Row::time_s) {
  const auto earlier = [time](const Row& a, const Row& b) { return a.*time < b.*time; };
  const auto late = std::is_sorted_until(rows.begin(), rows.end(), earlier);
  if (late == rows.end()) return {};
  return place(table, column, static_cast<std::size_t>(late - rows.begin())) + " is before the one above it";
}

std::string broken_tick_changes(const Profile& profile) {
  std::vector<std::pair<std::int64_t, std::int64_t>> live(profile.sites.size());
  for (std::size_t i = 0; i < profile.tick_changes.size(); ++i) {
    const TickChange& change = profile.tick_changes[i];
    if (i > 0) {
      const TickChange& above = profile.tick_changes[i - 1];
      if (std::pair(above.tick, above.site) >= std::pair(change.tick, change.site)) {
        return place("tick_changes", "tick", i) + " does not come after the one above it";
      }
    }
    auto& [blocks, bytes] = live[change.site];
    if (__builtin_add_overflow(blocks, change.live_blocks, &blocks) || blocks < 0) {
      return place("tick_changes", "live_blocks", i) + " leaves the site with fewer than no blocks";
    }
    if (__builtin_add_overflow(bytes, change.live_bytes, &bytes) || bytes < 0) {
      return place("tick_changes", "live_bytes", i) + " leaves the site with fewer than no bytes";
    }
  }
  return {};
}

std::string broken_scopes(const Profile& profile) {
  for (std::size_t i = 0; i < profile.scopes.size(); ++i) {
    const std::uint32_t parent = profile.scopes[i].parent;
    if (parent == kNoIndex) continue;
    if (parent >= i) return place("scopes", "parent", i) + " does not come before its child";
    if (profile.scopes[parent].thread != profile.scopes[i].thread) {
      return place("scopes", "parent", i) + " is a scope of another thread";
    }
  }
  return disordered("scope_calls", profile.scope_calls, "begin_s", &ScopeCall::begin_s);
}

}  // namespace

std::string broken_promise(const Profile& profile) {
  if (profile.strings.empty() || !profile.strings.front().empty()) return "strings[0] is not the empty string";
  if (std::string problem = any_index_out_of_range(profile); !problem.empty()) return problem;
  if (std::string problem = broken_stack_tree(profile.stacks); !problem.empty()) return problem;
  if (std::string problem = repeated_site(profile, "sites", profile.sites); !problem.empty()) return problem;
  if (std::string problem = repeated_site(profile, "mapped_sites", profile.mapped_sites); !problem.empty()) {
    return problem;
  }
  if (std::string problem = disordered("timeline", profile.timeline); !problem.empty()) return problem;
  if (std::string problem = disordered("memory", profile.memory); !problem.empty()) return problem;
  if (std::string problem = disordered("ticks", profile.ticks); !problem.empty()) return problem;
  if (std::string problem = broken_tick_changes(profile); !problem.empty()) return problem;
  if (std::string problem = broken_scopes(profile); !problem.empty()) return problem;
  return disordered("snapshots", profile.snapshots);
}

}  // namespace memprof
