#pragma once
// Interning of call stacks: a stack is a node of a tree, its id the node's index in the region. The nodes themselves
// lie in the region, where the collector reads them; the hash table that finds them is private memory.
//
// Threads: any, without a lock. The table grows by being replaced: one thread fills the larger one while the others go
// on with the old one. A node that is entered into the old table just then may be missing in the new one, and its
// stack be interned a second time under another id. That is harmless: equal stacks are merged when the profile is
// built.

#include <atomic>
#include <cstdint>

#include "wire/region.hpp"

namespace memprof::preload {

class StackTable {
 public:
  /// Starts over with an empty tree in g_region. No other thread may use the table.
  /// Does not unmap what it had when that is still `in_use` by a hook that was interrupted.
  void reset(bool in_use = false);

  /// The id of the stack that continues `parent` with the frame `address_and_module` (as in wire::StackNode). Never
  /// fails: wire::kRootLost when the tree is full or there is no memory, and for children of wire::kRootLost.
  wire::StackId intern(wire::StackId parent, std::uint64_t address_and_module);

 private:
  struct Table;

  static Table* make_table(std::uint32_t slot_count_log2);
  /// Makes the node and enters it behind the slots that the search has passed. The node of another thread that was
  /// faster, if there is one.
  wire::StackId insert(Table& table, wire::StackId parent, std::uint64_t address_and_module, std::uint32_t first_probe);
  void insert_copy(Table& table, wire::StackId id) const;
  wire::StackId make_node(wire::StackId parent, std::uint64_t address_and_module) const;
  void grow(Table& full, bool overdue);
  void replace(Table& full);

  std::atomic<Table*> current_{nullptr};
  std::atomic<bool> growing_{false};
};

extern StackTable g_stacks;

}  // namespace memprof::preload
