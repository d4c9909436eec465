#include "collect/stack_tree.hpp"

#include <algorithm>

namespace memprof::collect {

StackTree read_stack_tree(const SharedRegion& region, std::span<const wire::StackId> used, std::size_t module_count,
                          RegionDamage& damage) {
  wire::StackId highest = wire::kFirstNode - 1;
  for (const wire::StackId id : used) highest = std::max(highest, id);
  StackTree tree;
  tree.nodes.resize(std::size_t{highest} + 1);
  tree.roots.resize(tree.nodes.size());
  std::vector<bool> needed(tree.nodes.size());
  for (const wire::StackId id : used) needed[id] = true;

  // Downwards, since parents are lower: only what is needed is touched, as the region is sparse.
  for (wire::StackId id = highest; id >= wire::kFirstNode; --id) {
    if (!needed[id]) continue;
    const wire::StackNode& shared = region.node(id);
    const wire::StackNode node{load_once(shared.address_and_module), load_once(shared.parent), 0, {}};
    CapturedStack& copy = tree.nodes[id];
    if (node.address_and_module == 0 || node.parent >= id || node.module() >= module_count) {
      ++damage.stacks;
      copy = {wire::kRootLost, wire::kNoModule, node.address()};
    } else {
      copy = {node.parent, node.module(), node.address()};
    }
    needed[copy.parent] = true;
  }
  static_assert(wire::kFirstNode <= 256);
  for (wire::StackId root = 0; root < wire::kFirstNode; ++root) tree.roots[root] = static_cast<std::uint8_t>(root);
  for (wire::StackId id = wire::kFirstNode; id <= highest; ++id) tree.roots[id] = tree.roots[tree.nodes[id].parent];
  return tree;
}

}  // namespace memprof::collect
