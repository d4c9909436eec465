#include "preload/stack_tree.hpp"

#include <atomic>

#include "preload/process.hpp"

namespace memprof::preload {

StackTree g_stacks;

namespace {

/// A link to a node; 0: none yet.
using Link = std::atomic_ref<wire::StackId>;

/// The bits, from the highest one on, that lead from sibling to sibling. Multiplying by an odd number (2^64 over the
/// golden ratio) mixes all bits of the frame into the highest ones, and no two frames have the same product.
constexpr std::uint64_t hash_of(std::uint64_t frame) { return frame * 0x9e37'79b9'7f4a'7c15u; }
constexpr unsigned kHashBits = 64;

/// The id of a new node, which no link leads to yet.
wire::StackId make_node(wire::StackId parent, std::uint64_t frame) {
  std::atomic<std::uint32_t>& used = g_region.header->nodes_used;
  // Checked before it is counted up, so that the counter cannot run over however long a program goes on. A parent that
  // isn't there is another process's: a signal handler has forked, and the interrupted hook goes on in the child.
  const std::uint32_t now = used.load(std::memory_order_relaxed);
  if (now >= g_region.node_capacity || parent >= now) return wire::kRootLost;
  const std::uint32_t id = used.fetch_add(1, std::memory_order_relaxed);
  if (id >= g_region.node_capacity) return wire::kRootLost;
  wire::StackNode& node = g_region.nodes[id];
  // Read first: where the collector has made the pages already, a read brings many of them in, a write only one. And
  // where there is a node the program has overwritten the counter.
  if (std::atomic_ref(node.address_and_module).load(std::memory_order_relaxed) != 0) return wire::kRootLost;
  node.address_and_module = frame;
  node.parent = parent;
  return id;
}

wire::StackId count_lost() {
  g_region.header->lost_stacks.fetch_add(1, std::memory_order_relaxed);
  return wire::kRootLost;
}

}  // namespace

void StackTree::reset() { g_region.header->nodes_used.store(wire::kFirstNode, std::memory_order_relaxed); }

wire::StackId StackTree::intern(wire::StackId parent, std::uint64_t address_and_module) {
  if (parent == wire::kRootLost || parent >= g_region.node_capacity) return wire::kRootLost;
  wire::StackId* link = &g_region.nodes[parent].first_child;
  wire::StackId made = 0;
  std::uint64_t bits = hash_of(address_and_module);
  for (unsigned level = 0; level <= kHashBits; ++level) {
    // Acquire: pairs with the release of whoever set the link, after it had filled in the node.
    wire::StackId id = Link(*link).load(std::memory_order_acquire);
    if (id == 0) {
      if (made == 0) made = make_node(parent, address_and_module);
      if (made == wire::kRootLost) return count_lost();
      // Another thread may be faster: then on from its node. Is it the one wanted, the one just made stays unused.
      if (Link(*link).compare_exchange_strong(id, made, std::memory_order_acq_rel)) return made;
    }
    if (id >= g_region.node_capacity) return count_lost();
    wire::StackNode& node = g_region.nodes[id];
    if (node.address_and_module == address_and_module) return id;
    link = &node.siblings[bits >> (kHashBits - 1)];
    bits <<= 1;
  }
  return count_lost();
}

}  // namespace memprof::preload
