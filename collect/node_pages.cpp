#include "collect/node_pages.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace memprof::collect {

namespace {
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE of linux/mman.h, from 5.14
}

void NodePages::make_ahead(std::uint32_t used) {
  const std::size_t used_bytes = std::size_t{used} * sizeof(wire::StackNode);
  if (used < kFewNodes || used_bytes + kAhead <= made_) return;
  const std::size_t all = std::size_t{region_.node_capacity()} * sizeof(wire::StackNode);
  const std::size_t begin = std::max(made_, used_bytes / wire::kPage * wire::kPage);
  const std::size_t end = std::min(used_bytes + kAhead + kAtLeast, all) / wire::kPage * wire::kPage;
  if (begin >= end) return;
  // The tree begins on a page.
  auto* const tree = reinterpret_cast<std::byte*>(const_cast<wire::StackNode*>(&region_.node(0)));
  ::madvise(tree + begin, end - begin, kPopulateWrite);
  made_ = end;
}

}  // namespace memprof::collect
