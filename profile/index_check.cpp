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

std::string repeated_site(const Profile& profile) {
  std::vector<bool> taken(profile.stacks.size());
  for (std::size_t i = 0; i < profile.sites.size(); ++i) {
    const NodeIndex stack = profile.sites[i].stack;
    if (taken[stack]) return place("sites", "stack", i) + " is " + std::to_string(stack) + ", which has a site already";
    taken[stack] = true;
  }
  return {};
}

std::string disordered_timeline(const std::vector<TimelinePoint>& timeline) {
  const auto earlier = [](const TimelinePoint& a, const TimelinePoint& b) { return a.time_s < b.time_s; };
  const auto late = std::is_sorted_until(timeline.begin(), timeline.end(), earlier);
  if (late == timeline.end()) return {};
  return place("timeline", "time_s", static_cast<std::size_t>(late - timeline.begin())) +
         " is before the point above it";
}

}  // namespace

std::string broken_promise(const Profile& profile) {
  if (profile.strings.empty() || !profile.strings.front().empty()) return "strings[0] is not the empty string";
  if (std::string problem = any_index_out_of_range(profile); !problem.empty()) return problem;
  if (std::string problem = broken_stack_tree(profile.stacks); !problem.empty()) return problem;
  if (std::string problem = repeated_site(profile); !problem.empty()) return problem;
  return disordered_timeline(profile.timeline);
}

}  // namespace memprof
