#include "collect/node_bound.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace memprof::collect {

std::uint32_t NodeBound::plausible(std::uint32_t claimed) {
  if (claimed <= checked_) return claimed;
  const std::size_t pages = (claimed * sizeof(wire::StackNode) + wire::kPage - 1) / wire::kPage;
  resident_.resize(pages);
  // The tree begins on a page. Pages of a memfd that were swapped out do not count: a quarter has to be there.
  auto* const start = const_cast<wire::StackNode*>(&region_.node(0));
  if (::mincore(start, pages * wire::kPage, resident_.data()) != 0) return claimed;
  const auto present = std::count_if(resident_.begin(), resident_.end(), [](unsigned char page) { return page & 1; });
  if (static_cast<std::uint64_t>(present) * 4 >= pages) {
    // Not before there is notably more to be asked about again.
    checked_ = std::max(claimed, std::min(claimed + claimed / 4, region_.node_capacity()));
    return claimed;
  }
  return std::max(checked_, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                static_cast<std::uint64_t>(present) * 4 * kNodesOfPage, claimed)));
}

}  // namespace memprof::collect
