#pragma once
// The region's stack tree as it stands at the end, checked: what the sites need of it, and where each stack ends.

#include <cstdint>
#include <span>
#include <vector>

#include "collect/captured_process.hpp"
#include "collect/region_damage.hpp"
#include "collect/shared_region.hpp"

namespace memprof::collect {

struct StackTree {
  /// Index = wire::StackId, up to the highest that was used. A parent is always lower than its child. Nodes that no
  /// site needs are zero; damaged ones hang under kRootLost with no module.
  std::vector<CapturedStack> nodes;
  std::vector<std::uint8_t> roots;  ///< index as above: the root that the node's stack ends in
};

/// `used` are the ids that occurred in events, each below the node capacity. A parent is allotted before its child, so
/// a parent that is not lower is damage; with that, no chain can be endless.
[[nodiscard]] StackTree read_stack_tree(const SharedRegion& region, std::span<const wire::StackId> used,
                                        std::size_t module_count, RegionDamage& damage);

}  // namespace memprof::collect
