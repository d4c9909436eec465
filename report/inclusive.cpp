#include "report/inclusive.hpp"

namespace memprof::report {
namespace {

/// Children of every node as linked lists in two arrays.
struct Children {
  std::vector<NodeIndex> first, next;

  explicit Children(const std::vector<StackNode>& stacks)
      : first(stacks.size(), kNoIndex), next(stacks.size(), kNoIndex) {
    for (NodeIndex node = 0; node < stacks.size(); ++node) {
      const NodeIndex parent = stacks[node].parent;
      if (parent == kNoIndex) continue;
      next[node] = first[parent];
      first[parent] = node;
    }
  }
};

}  // namespace

std::vector<Sums> subtree_sums(const Profile& profile, Domain domain, const std::vector<bool>& kept) {
  std::vector<Sums> sums(profile.stacks.size());
  for (const Site& site : sites_in(profile, domain)) {
    if (kept.empty() || kept[site.stack]) sums[site.stack].add(site);
  }
  // Parents come before their children, so backwards every node is complete before it is added to its parent.
  for (std::size_t node = sums.size(); node-- > 0;) {
    const NodeIndex parent = profile.stacks[node].parent;
    if (parent != kNoIndex) sums[parent].add(sums[node]);
  }
  return sums;
}

std::vector<Sums> inclusive_sums(const Profile& profile, const std::vector<Sums>& subtrees,
                                 const std::vector<std::uint32_t>& place_of_frame, std::size_t place_count) {
  std::vector<Sums> sums(place_count);
  std::vector<std::uint32_t> on_path(place_count, 0);
  const Children children(profile.stacks);
  const auto place_of = [&](NodeIndex node) {
    const FrameIndex frame = profile.stacks[node].frame;
    return frame == kNoIndex ? kNoIndex : place_of_frame[frame];
  };
  // Each node is on the list of work twice: to be entered and, marked, to be left.
  struct Step {
    NodeIndex node;
    bool leave;
  };
  std::vector<Step> work;
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    if (profile.stacks[node].parent == kNoIndex) work.push_back({node, false});
  }
  while (!work.empty()) {
    const auto [node, leave] = work.back();
    work.pop_back();
    const std::uint32_t place = place_of(node);
    if (leave) {
      --on_path[place];
      continue;
    }
    if (place != kNoIndex) {
      if (on_path[place]++ == 0) sums[place].add(subtrees[node]);
      work.push_back({node, true});
    }
    for (NodeIndex child = children.first[node]; child != kNoIndex; child = children.next[child]) {
      work.push_back({child, false});
    }
  }
  return sums;
}

}  // namespace memprof::report
