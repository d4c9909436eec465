#pragma once
// How many nodes of the stack tree a target can really have written. The number that the region gives may be anything
// up to its capacity, and tables as large as that would be made in the collector.

#include <cstdint>
#include <vector>

#include "collect/shared_region.hpp"

namespace memprof::collect {

class NodeBound {
 public:
  explicit NodeBound(const SharedRegion& region) : region_(region) {}

  /// `claimed` nodes, or fewer if the tree has not nearly as much memory as they would take: nodes are claimed one
  /// after the other, so a page without memory is rare among theirs.
  std::uint32_t plausible(std::uint32_t claimed);

 private:
  static constexpr std::uint32_t kNodesOfPage = wire::kPage / sizeof(wire::StackNode);
  /// Believed without a look: 6 MiB of nodes.
  static constexpr std::uint32_t kFew = 1u << 18;

  const SharedRegion& region_;
  std::uint32_t checked_ = kFew;  ///< nodes that were found plausible
  std::vector<unsigned char> resident_;
};

}  // namespace memprof::collect
