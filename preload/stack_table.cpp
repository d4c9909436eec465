#include "preload/stack_table.hpp"

#include <sys/mman.h>

#include "preload/process.hpp"
#include "preload/sys.hpp"

namespace memprof::preload {

StackTable g_stacks;

namespace {

constexpr std::uint32_t kFirstLog2 = 14;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::uint32_t kMaxProbes = 512;  // a table that has room has no such runs

/// A slot holds a node's id and, in the bits that no id needs, a part of the hash: most nodes that aren't the wanted
/// one need not be looked at. 0: empty (no frame is ever a root).
constexpr unsigned kIdBits = 25;
constexpr std::uint32_t kIdMask = (1u << kIdBits) - 1;
static_assert(wire::kUsualCapacity.node_capacity <= kIdMask + 1);

/// Where a node may be, in the order of the search. First in one cache line that belongs to the parent's id: ids along
/// a path were mostly given out in a row, so a walk along it stays among neighbours. The children of eight parents
/// share a line (a node has one parent, so they are eight on the average); those that find no place there are anywhere.
/// That search jumps: whole regions are full where nodes with many children have ids in a row, and one that went
/// through them slot by slot would never end.
class Probes {
 public:
  Probes(wire::StackId parent, std::uint64_t address_and_module) : line_(parent * 2 & ~(kLine - 1)) {
    // Two odd constants from the golden ratio and from SplitMix64; the upper half of the product is well mixed.
    std::uint64_t h = address_and_module * 0x9e37'79b9'7f4a'7c15u ^ (parent + 1) * 0xbf58'476d'1ce4'e5b9u;
    h ^= h >> 29;
    h *= 0x94d0'49bb'1331'11ebu;
    hash_ = static_cast<std::uint32_t>(h >> 32);
    step_ = static_cast<std::uint32_t>(h) | 1;
    tag_ = static_cast<std::uint32_t>(h >> 8) & ~kIdMask;
  }

  std::uint32_t slot(std::uint32_t probe) const {
    if (probe < kNear) return line_ | ((hash_ + probe) & (kLine - 1));
    return hash_ + probe / kInARow * step_ + probe % kInARow;
  }
  std::uint32_t entry(wire::StackId id) const { return tag_ | id; }
  bool may_be(std::uint32_t entry) const { return (entry & ~kIdMask) == tag_; }

 private:
  static constexpr std::uint32_t kLine = wire::kCacheLine / sizeof(std::uint32_t);
  static constexpr std::uint32_t kNear = 8;  // half of the line, so that one large family does not fill it
  static constexpr std::uint32_t kInARow = 4;

  std::uint32_t line_, hash_, step_, tag_;
};

}  // namespace

struct alignas(wire::kCacheLine) StackTable::Table {
  std::uint32_t slot_count_log2;
  std::uint32_t mask;
  std::uint32_t grow_at;     ///< nodes; half of the slots
  std::uint32_t overdue_at;  ///< nodes; three quarters of the slots

  /// The slots follow the table in memory.
  std::atomic<std::uint32_t>& slot(std::uint32_t index) {
    return reinterpret_cast<std::atomic<std::uint32_t>*>(this + 1)[index & mask];
  }

  static std::size_t bytes(std::uint32_t log2) {
    return sizeof(Table) + (std::size_t{1} << log2) * sizeof(std::atomic<std::uint32_t>);
  }
};

namespace {

std::uint32_t node_limit() { return g_region.node_capacity < kIdMask ? g_region.node_capacity : kIdMask + 1; }

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
  table->overdue_at = table->grow_at + table->grow_at / 2;
  g_region.header->overhead_bytes.fetch_add(Table::bytes(slot_count_log2), std::memory_order_relaxed);
  return table;
}

void StackTable::reset(bool in_use) {
  Table* const old = current_.load(std::memory_order_relaxed);
  if (old != nullptr && !in_use) sys::unmap(old, Table::bytes(old->slot_count_log2));
  growing_.store(false, std::memory_order_relaxed);
  g_region.header->nodes_used.store(wire::kFirstNode, std::memory_order_relaxed);
  current_.store(make_table(kFirstLog2), std::memory_order_release);
}

wire::StackId StackTable::make_node(wire::StackId parent, std::uint64_t address_and_module) const {
  std::atomic<std::uint32_t>& used = g_region.header->nodes_used;
  // Checked before it is counted up, so that the counter cannot run over however long a program goes on.
  if (used.load(std::memory_order_relaxed) >= node_limit()) return wire::kRootLost;
  const std::uint32_t id = used.fetch_add(1, std::memory_order_relaxed);
  if (id >= node_limit()) return wire::kRootLost;
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
  const Probes probes(parent, address_and_module);
  for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe) {
    // Acquire: pairs with the release in insert().
    const std::uint32_t entry = table->slot(probes.slot(probe)).load(std::memory_order_acquire);
    if (entry == 0) return insert(*table, parent, address_and_module, probe);
    if (!probes.may_be(entry)) continue;
    const wire::StackNode& node = g_region.nodes[entry & kIdMask];
    if (node.address_and_module == address_and_module && node.parent == parent) return entry & kIdMask;
  }
  return insert(*table, parent, address_and_module, kMaxProbes);
}

wire::StackId StackTable::insert(Table& table, wire::StackId parent, std::uint64_t address_and_module,
                                 std::uint32_t first_probe) {
  const wire::StackId made = make_node(parent, address_and_module);
  if (made == wire::kRootLost) {
    g_region.header->lost_stacks.fetch_add(1, std::memory_order_relaxed);
    return wire::kRootLost;
  }
  const Probes probes(parent, address_and_module);
  for (std::uint32_t probe = first_probe; probe < kMaxProbes; ++probe) {
    std::uint32_t entry = 0;
    if (table.slot(probes.slot(probe)).compare_exchange_strong(entry, probes.entry(made), std::memory_order_acq_rel)) {
      break;
    }
    if (!probes.may_be(entry)) continue;
    // Another thread was faster; the node just made stays unused.
    const wire::StackNode& node = g_region.nodes[entry & kIdMask];
    if (node.address_and_module == address_and_module && node.parent == parent) return entry & kIdMask;
  }
  // Entered or, in a table without room, not to be found again: it is right in any case.
  if (made >= table.grow_at) grow(table, made >= table.overdue_at);
  // Replaced meanwhile: the new table may lack this node.
  Table* const now = current_.load(std::memory_order_acquire);
  if (now != &table) insert_copy(*now, made);
  return made;
}

void StackTable::insert_copy(Table& table, wire::StackId id) const {
  const wire::StackNode& node = g_region.nodes[id];
  const std::uint64_t frame = load_frame(node);
  if (frame == 0) return;  // allotted, not filled in yet: its thread enters it itself
  const Probes probes(node.parent, frame);
  for (std::uint32_t probe = 0; probe < kMaxProbes; ++probe) {
    std::uint32_t present = 0;
    if (table.slot(probes.slot(probe)).compare_exchange_strong(present, probes.entry(id), std::memory_order_acq_rel) ||
        present == probes.entry(id)) {
      return;
    }
  }
}

void StackTable::grow(Table& full, bool overdue) {
  // One thread does it, but the others do not wait for it, who knows how long: it may have been scheduled away. Before
  // they run out of slots each makes a table of its own, and the first one that is ready is taken.
  if (growing_.exchange(true, std::memory_order_acquire) && !overdue) return;
  if (current_.load(std::memory_order_acquire) == &full) replace(full);
  growing_.store(false, std::memory_order_release);
}

void StackTable::replace(Table& full) {
  Table* const larger = make_table(full.slot_count_log2 + 1);
  if (larger == nullptr) return;
  const std::atomic<std::uint32_t>& used = g_region.header->nodes_used;
  wire::StackId copied = wire::kFirstNode;
  const auto copy_all = [&] {
    const std::uint32_t end = used.load(std::memory_order_acquire);
    for (; copied < end && copied < node_limit(); ++copied) insert_copy(*larger, copied);
  };
  copy_all();
  copy_all();  // what was made meanwhile, so that little is missing when the others go over to the new table
  Table* present = &full;
  if (!current_.compare_exchange_strong(present, larger, std::memory_order_acq_rel)) {
    g_region.header->overhead_bytes.fetch_sub(Table::bytes(larger->slot_count_log2), std::memory_order_relaxed);
    sys::unmap(larger, Table::bytes(larger->slot_count_log2));
    return;
  }
  copy_all();
  // Given back as memory, not as addresses: a slower thread may still look into it, and finds it empty.
  constexpr std::size_t kPage = wire::kPage;
  sys::advise(reinterpret_cast<char*>(&full) + kPage, Table::bytes(full.slot_count_log2) - kPage, MADV_DONTNEED);
  g_region.header->overhead_bytes.fetch_sub(Table::bytes(full.slot_count_log2), std::memory_order_relaxed);
}

}  // namespace memprof::preload
