#include "preload/stack_table.hpp"

#include <sys/mman.h>

#include "preload/process.hpp"
#include "preload/sys.hpp"

namespace memprof::preload {

StackTable g_stacks;

struct StackTable::Table {
  std::uint32_t slot_count_log2;
  std::uint32_t mask;
  std::uint32_t grow_at;  ///< nodes; half of the slots
  std::uint32_t reserved;

  /// The slots follow the table in memory. 0: empty (no frame is ever a root).
  std::atomic<std::uint32_t>& slot(std::uint32_t index) {
    return reinterpret_cast<std::atomic<std::uint32_t>*>(this + 1)[index];
  }

  static std::size_t bytes(std::uint32_t log2) {
    return sizeof(Table) + (std::size_t{1} << log2) * sizeof(std::atomic<std::uint32_t>);
  }
};

namespace {

constexpr std::uint32_t kFirstLog2 = 14;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::uint32_t kMaxProbes = 512;  // a table never more than half full has no such runs; a torn one might

std::uint32_t hash_of(wire::StackId parent, std::uint64_t address_and_module) {
  // Two odd constants from the golden ratio and from SplitMix64; the upper half of the product is well mixed.
  std::uint64_t h = address_and_module * 0x9e37'79b9'7f4a'7c15u ^ (parent + 1) * 0xbf58'476d'1ce4'e5b9u;
  h ^= h >> 29;
  h *= 0x94d0'49bb'1331'11ebu;
  return static_cast<std::uint32_t>(h >> 32);
}

/// Another thread may be filling the node in: see insert_copy().
std::uint64_t load_frame(const wire::StackNode& node) {
  return __atomic_load_n(&node.address_and_module, __ATOMIC_ACQUIRE);
}

}  // namespace

StackTable::Table* StackTable::make_table(std::uint32_t slot_count_log2) {
  auto* const table = static_cast<Table*>(sys::map_private(Table::bytes(slot_count_log2)));
  if (table == nullptr) return nullptr;
  // Looked into at random places, so a miss of the TLB would come with nearly every miss of the cache.
  if (Table::bytes(slot_count_log2) >= kHugePage) {
    sys::advise(table, Table::bytes(slot_count_log2), MADV_HUGEPAGE);
  }
  table->slot_count_log2 = slot_count_log2;
  table->mask = (1u << slot_count_log2) - 1;
  table->grow_at = 1u << (slot_count_log2 - 1);
  g_region.header->overhead_bytes.fetch_add(Table::bytes(slot_count_log2), std::memory_order_relaxed);
  return table;
}

void StackTable::reset() {
  Table* const old = current_.load(std::memory_order_relaxed);
  if (old != nullptr) sys::unmap(old, Table::bytes(old->slot_count_log2));
  growing_.store(false, std::memory_order_relaxed);
  g_region.header->nodes_used.store(wire::kFirstNode, std::memory_order_relaxed);
  current_.store(make_table(kFirstLog2), std::memory_order_release);
}

wire::StackId StackTable::make_node(wire::StackId parent, std::uint64_t address_and_module) const {
  std::atomic<std::uint32_t>& used = g_region.header->nodes_used;
  // Checked before it is counted up, so that the counter cannot run over however long a program goes on.
  if (used.load(std::memory_order_relaxed) >= g_region.node_capacity) return wire::kRootLost;
  const std::uint32_t id = used.fetch_add(1, std::memory_order_relaxed);
  if (id >= g_region.node_capacity) return wire::kRootLost;
  wire::StackNode& node = g_region.nodes[id];
  node.parent = parent;
  // Pairs with load_frame(): whoever sees the frame sees the parent.
  __atomic_store_n(&node.address_and_module, address_and_module, __ATOMIC_RELEASE);
  return id;
}

wire::StackId StackTable::intern(wire::StackId parent, std::uint64_t address_and_module) {
  if (parent == wire::kRootLost) return wire::kRootLost;
  Table* const table = current_.load(std::memory_order_acquire);
  if (table == nullptr) return wire::kRootLost;
  std::uint32_t at = hash_of(parent, address_and_module) & table->mask;
  wire::StackId made = 0;
  for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe, at = (at + 1) & table->mask) {
    std::uint32_t id = table->slot(at).load(std::memory_order_acquire);
    if (id == 0) {
      if (made == 0) made = make_node(parent, address_and_module);
      if (made == wire::kRootLost) break;
      // Release: pairs with the acquire load above in the thread that finds the node.
      if (table->slot(at).compare_exchange_strong(id, made, std::memory_order_acq_rel)) {
        if (made >= table->grow_at) grow(*table);
        // Replaced meanwhile: the new table may lack this node.
        Table* const now = current_.load(std::memory_order_acquire);
        if (now != table) insert_copy(*now, made);
        return made;
      }
    }
    const wire::StackNode& node = g_region.nodes[id];
    if (node.address_and_module == address_and_module && node.parent == parent) return id;
  }
  if (made != 0 && made != wire::kRootLost) return made;  // not to be found again, but right
  g_region.header->lost_stacks.fetch_add(1, std::memory_order_relaxed);
  return wire::kRootLost;
}

bool StackTable::insert_copy(Table& table, wire::StackId id) const {
  const wire::StackNode& node = g_region.nodes[id];
  const std::uint64_t frame = load_frame(node);
  if (frame == 0) return false;  // allotted, not filled in yet: its thread enters it itself
  std::uint32_t at = hash_of(node.parent, frame) & table.mask;
  for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe, at = (at + 1) & table.mask) {
    std::uint32_t present = 0;
    if (table.slot(at).compare_exchange_strong(present, id, std::memory_order_acq_rel) || present == id) return true;
  }
  return false;
}

void StackTable::grow(Table& full) {
  if (growing_.exchange(true, std::memory_order_acquire)) return;
  if (current_.load(std::memory_order_acquire) == &full) {
    if (Table* const larger = make_table(full.slot_count_log2 + 1)) {
      const std::uint32_t before = g_region.header->nodes_used.load(std::memory_order_acquire);
      for (wire::StackId id = wire::kFirstNode; id < before; ++id) insert_copy(*larger, id);
      current_.store(larger, std::memory_order_release);
      const std::uint32_t after = g_region.header->nodes_used.load(std::memory_order_acquire);
      for (wire::StackId id = before; id < after && id < g_region.node_capacity; ++id) insert_copy(*larger, id);
      // Given back as memory, not as addresses: a slower thread may still look into it, and finds it empty.
      constexpr std::size_t kPage = wire::kPage;
      sys::advise(reinterpret_cast<char*>(&full) + kPage, Table::bytes(full.slot_count_log2) - kPage, MADV_DONTNEED);
      g_region.header->overhead_bytes.fetch_sub(Table::bytes(full.slot_count_log2), std::memory_order_relaxed);
    }
  }
  growing_.store(false, std::memory_order_release);
}

}  // namespace memprof::preload
