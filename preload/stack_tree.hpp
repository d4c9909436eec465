#pragma once
// Interning of call stacks: a stack is a node of a tree, its id the node's index in the region, where the collector
// reads it. The links by which this process finds a node lie in the node itself:
//
//   first_child ──▶ one child of the node, from which all others are reached by their sibling links
//   siblings[b] ──▶ another child of the same parent, whose hash has b as its next bit
//
// So the children of a node form a digital search tree: on the way from one to the next each level uses up one bit of
// the wanted frame's hash. It needs no balancing, and no way is longer than a hash has bits, since no two frames have
// the same hash. Most nodes have one child or two. Ids along a path are mostly given out in a row, so a walk along it
// stays among neighbours in memory.
//
// Threads: any, without a lock. A node is written in full before a link leads to it; a link is set once and never
// changes; so a stack has one id for ever. What a broken program writes over the links makes wrong stacks, but no way
// out of the region, and none without an end.

#include <cstdint>

#include "wire/region.hpp"

namespace memprof::preload {

class StackTree {
 public:
  /// Starts over with the empty tree of a new g_region. No other thread may use it.
  void reset();

  /// The id of the stack that continues `parent` with the frame `address_and_module` (as in wire::StackNode). Never
  /// fails: wire::kRootLost when the tree is full, and for children of wire::kRootLost.
  wire::StackId intern(wire::StackId parent, std::uint64_t address_and_module);
};

extern StackTree g_stacks;

}  // namespace memprof::preload
