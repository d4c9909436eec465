#include "report/caller_tree.hpp"

#include <algorithm>
#include <utility>

namespace memprof::report {

CallerTree::CallerTree(const LabelledStacks& stacks, const std::vector<Sums>& sums, Metric metric) : stacks_(stacks) {
  std::vector<Share> shares;
  for (LabelledStacks::StackIndex stack = 0; stack < sums.size(); ++stack) {
    const std::uint64_t bytes = measure(sums[stack], metric).bytes;
    if (bytes == 0) continue;
    shares.push_back({stack, bytes});
    root_.bytes += bytes;
  }
  grow(root_, std::move(shares), 0);
}

// Divides what is under `node` by the next frame outwards. Small parts are not divided further, so the work is bounded
// by depth times stacks, and usually far less.
void CallerTree::grow(Node& node, std::vector<Share>&& shares, std::size_t depth) {
  if (depth >= kDepth) return;
  std::erase_if(shares, [&](const Share& share) { return stacks_.label(share.stack) == kNoIndex; });
  const auto label = [&](const Share& share) { return stacks_.label(share.stack); };
  std::sort(shares.begin(), shares.end(), [&](const Share& a, const Share& b) { return label(a) < label(b); });
  for (const Share* begin = shares.data(); begin != shares.data() + shares.size();) {
    const Share* const end = std::find_if(begin, static_cast<const Share*>(shares.data() + shares.size()),
                                          [&](const Share& share) { return label(share) != label(*begin); });
    add_child(node, begin, end, depth);
    begin = end;
  }
  std::sort(node.children.begin(), node.children.end(), [&](const Node& a, const Node& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : stacks_.labels()[a.label].text < stacks_.labels()[b.label].text;
  });
}

void CallerTree::add_child(Node& node, const Share* begin, const Share* end, std::size_t depth) {
  Node child;
  child.label = stacks_.label(begin->stack);
  std::vector<Share> outer;
  for (const Share* share = begin; share != end; ++share) {
    child.bytes += share->bytes;

    const LabelledStacks::StackIndex parent = stacks_.parent(share->stack);
    if (parent != kNoIndex) outer.push_back({parent, share->bytes});
  }
  if (static_cast<double>(child.bytes) < kThreshold * static_cast<double>(root_.bytes)) {
    node.left_out_bytes += child.bytes;
    ++node.left_out_places;
    return;
  }
  grow(child, std::move(outer), depth + 1);
  node.children.push_back(std::move(child));
}

}  // namespace memprof::report
