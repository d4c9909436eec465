#pragma once
// The shared memory between one process image of the target and the collector. The collector makes it (a sparse
// memfd), sizes it and fills in the configuration; the target maps it once, writable, for its lifetime.
//
//   offset 0              Header                       configuration, counters, clock
//   rings_offset          RingHeader[ring_count]       cursors of each ring
//   modules_offset        ModuleRecord[module_capacity]
//   paths_offset          char[path_bytes]             module paths and names of scopes, append-only
//   answers_offset        char[ring_count][kAnswerBytes]  texts for the owners of rings
//   nodes_offset          StackNode[node_capacity]     the stack tree, append-only; index = StackId
//   records_offset        Record[ring_count][ring_records]
//
// Guarantees
//  - A ring has one producer (its owning thread) and one consumer (the collector).
//  - Whatever a published record refers to (stack nodes, modules) was written before the record: the release store of
//    RingHeader::head pairs with the collector's acquire load.
//  - Loss is counted in the header, never silent.
// The collector treats every value here as untrusted; the target trusts the header fields marked "collector", which
// it copies once while connecting.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "wire/record.hpp"

namespace memprof::wire {

inline constexpr std::uint32_t kWireVersion = 3;
inline constexpr std::uint64_t kRegionMagic = 0x6d656d70'726f6631;  // "memprof1"
inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kAnswerBytes = 2048;

/// Roots of the stack tree: the parent chain of every stack ends in one of them.
inline constexpr StackId kRootComplete = 0;   ///< the stack reaches the thread's start; alone: stacks are off
inline constexpr StackId kRootCutDepth = 1;   ///< outer frames beyond the depth limit are missing
inline constexpr StackId kRootCutUnwind = 2;  ///< outer frames are missing: no usable unwind information
inline constexpr StackId kRootLost = 3;       ///< the stack could not be stored: the tree was full
inline constexpr StackId kFirstNode = 4;

/// Module index 0: an address that belongs to no loaded file (JIT code).
inline constexpr std::uint16_t kNoModule = 0;

/// One frame of the stack tree. `address` is the return address (or the exact address below a signal frame, then with
/// +1 added, so that "address minus one" is right for all).
struct StackNode {
  std::uint64_t address_and_module;  ///< 48 bits of address | module index << 48; 0: never used
  StackId parent;
  StackId first_child, siblings[2];  ///< by which the target finds nodes (preload/stack_tree.hpp); for nobody else

  static constexpr std::uint64_t kAddressMask = (std::uint64_t{1} << 48) - 1;
  constexpr std::uint64_t address() const { return address_and_module & kAddressMask; }
  constexpr std::uint16_t module() const { return static_cast<std::uint16_t>(address_and_module >> 48); }
};
static_assert(sizeof(StackNode) == 24);

/// One load of one file. A library that is unloaded and loaded again gets a new record, so a module index is a load
/// generation.
struct ModuleRecord {
  std::atomic<std::uint32_t> ready;  ///< 1 (release) after all other fields were written
  std::uint32_t path_offset;         ///< into the paths area
  std::uint32_t path_bytes;          ///< 0: the executable itself (see /proc/PID/exe)
  std::uint32_t build_id_bytes;
  std::uint64_t start;  ///< first mapped address
  std::uint64_t end;    ///< one past the last
  std::uint64_t bias;   ///< address = bias + ELF virtual address
  std::uint8_t build_id[32];
};
static_assert(sizeof(ModuleRecord) == 72);

struct alignas(kCacheLine) RingHeader {
  // Written by the producer.
  std::atomic<std::uint64_t> head;            ///< records ever published
  std::atomic<std::uint64_t> owner;           ///< tid (low 32) | number of claims << 32; 0: never claimed
  std::atomic<std::uint32_t> producer_waits;  ///< 1 while the producer sleeps on `drained`
  std::uint32_t asked;                        ///< number of the last question (Mark::kTraced and others)
  // Written by the consumer.
  alignas(kCacheLine) std::atomic<std::uint64_t> tail;  ///< records ever consumed
  std::atomic<std::uint32_t> drained;                   ///< futex: rises with each store of tail
  std::atomic<std::uint32_t> answered;                  ///< futex: number of the question that `answer` belongs to
  std::atomic<std::uint64_t> answer[2];
};
static_assert(sizeof(RingHeader) == 2 * kCacheLine);

enum class ClockSource : std::uint32_t { kMonotonic = 0, kTsc = 1 };
/// The end of a target that goes through exit(): a last look at its memory, for which it waits a moment.
enum class Farewell : std::uint32_t {
  kNotAsked = 0,
  kAsked = 1,  ///< collector: the target has memory enough to be worth it
  kSaid = 2,   ///< target: allocator_held and allocator_free are filled in as far as they are known
  kHeard = 3,  ///< collector: it has looked
};
enum class CollectorSleep : std::uint32_t {
  kAwake = 0,
  kSleeps = 1,  ///< wants to be woken at each quarter
  kDozes = 2,   ///< wakes by itself in time, by what it has seen so far: only who finds his ring half full rings
};
enum class FullRing : std::uint32_t { kWait = 0, kDrop = 1 };

struct Header {
  std::uint64_t magic;
  std::uint32_t wire_version;
  ClockSource clock_source;  // collector
  std::uint64_t clock_base;  // collector: ticks (TSC or ns) that count as 0
  // Layout, collector. Offsets and sizes in bytes.
  std::uint64_t region_bytes;
  std::uint64_t rings_offset, modules_offset, paths_offset, answers_offset, nodes_offset, records_offset;
  std::uint32_t ring_count, ring_records /* power of two */;
  std::uint32_t module_capacity, path_bytes, node_capacity;
  // Configuration, collector.
  std::uint32_t max_depth;  ///< frames kept per stack; 0: no unwinding
  FullRing full_ring;
  std::uint32_t flags;  ///< reserved, 0

  // Life of the collector: a robust futex (set_robust_list) that a collector thread holds for the whole session; the
  // word is its tid. When that thread is gone, however it ended, the kernel sets FUTEX_OWNER_DIED in the word. The
  // target only reads it; unlike a look at the pid this also holds across pid namespaces and pid reuse. Not a pthread
  // mutex: its list pointers would lie here, where a broken target could make the collector follow them.
  alignas(kCacheLine) std::atomic<std::uint32_t> collector_lock_word;
  std::uint8_t collector_lock_rest[60];

  // The collector sleeps on `doorbell` while all rings are nearly empty. A producer looks at collector_sleeps at each
  // quarter of its ring, and rings (increment + FUTEX_WAKE) as that says; before it waits itself it rings in any case.
  alignas(kCacheLine) std::atomic<std::uint32_t> doorbell;
  std::atomic<std::uint32_t> collector_sleeps;  ///< a CollectorSleep

  // Allotment, written by the target, on slow paths only.
  alignas(kCacheLine) std::atomic<std::uint32_t> rings_used;  ///< rings [0, rings_used) were claimed at least once
  std::atomic<std::uint32_t> modules_used;                    ///< module indices [1, modules_used) are claimed
  std::atomic<std::uint32_t> paths_used;                      ///< bytes
  alignas(kCacheLine) std::atomic<std::uint32_t> nodes_used;  ///< node indices [kFirstNode, nodes_used) are claimed

  // Quality counters, written by the target, on slow paths only.
  alignas(kCacheLine) std::atomic<std::uint64_t> dropped_events;  ///< ring full in drop mode, or no ring to be had
  std::atomic<std::uint64_t> nested_events;   ///< made by a signal handler inside a hook, and recorded
  std::atomic<std::uint64_t> nested_dropped;  ///< lost: too many handlers inside handlers, or siglongjmp left the hook
  std::atomic<std::uint64_t> ring_waits;      ///< times a thread waited for the collector
  std::atomic<std::uint64_t> ring_wait_ns;
  std::atomic<std::uint64_t> lost_stacks;         ///< events whose stack could not be stored (kRootLost)
  std::atomic<std::uint64_t> unwind_fallbacks;    ///< stacks for which the slow unwinder was needed
  std::atomic<std::uint64_t> unwind_differences;  ///< MEMPROF_CHECK_UNWIND builds: stacks unlike the oracle's
  std::atomic<std::uint64_t> unwind_checked;      ///< MEMPROF_CHECK_UNWIND builds: stacks compared
  std::atomic<std::uint64_t> overhead_bytes;      ///< private memory that the library mapped in the target
  std::atomic<std::uint64_t> hook_ticks;          ///< estimate of the clock's ticks that all hooks took
  std::atomic<std::uint32_t> recording_stopped;   ///< 1: the target noticed that the collector is gone
  std::atomic<std::uint32_t> unheard_programs;    ///< executed as another user, whom the collector does not listen to

  std::atomic<std::uint32_t> farewell;        ///< futex: a Farewell
  std::atomic<std::uint64_t> allocator_held;  ///< bytes that glibc's malloc has from the kernel; 0: unknown
  std::atomic<std::uint64_t> allocator_free;  ///< of these, in free chunks
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(Header) <= kPage);
static_assert(offsetof(Header, collector_lock_rest) == offsetof(Header, collector_lock_word) + 4);

/// FUTEX_OWNER_DIED of linux/futex.h, as it appears in collector_lock_word.
inline constexpr std::uint32_t kOwnerDied = 0x4000'0000;

/// What a region holds. Virtual sizes: memory is used as it is touched.
struct Capacity {
  std::uint32_t ring_count;
  std::uint32_t ring_records;  ///< power of two
  std::uint32_t module_capacity;
  std::uint32_t path_bytes;
  std::uint32_t node_capacity;
};
/// 4096 rings of 768 KiB, 2^25 stack nodes: 3.8 GiB of addresses.
inline constexpr Capacity kUsualCapacity{4096, 1u << 15, 4096, 1u << 20, 1u << 25};
/// For a target with an address-space limit: 64 rings of 96 KiB, 2^18 nodes: 13 MiB.
inline constexpr Capacity kSmallCapacity{64, 1u << 12, 1024, 1u << 17, 1u << 18};

/// Fills in the layout fields of a zeroed header. Every part starts on a page.
inline void lay_out(Header& header, const Capacity& capacity) {
  auto after = [](std::uint64_t offset, std::uint64_t count, std::uint64_t size) {
    return (offset + count * size + kPage - 1) / kPage * kPage;
  };
  header.ring_count = capacity.ring_count;
  header.ring_records = capacity.ring_records;
  header.module_capacity = capacity.module_capacity;
  header.path_bytes = capacity.path_bytes;
  header.node_capacity = capacity.node_capacity;
  header.rings_offset = after(0, 1, sizeof(Header));
  header.modules_offset = after(header.rings_offset, capacity.ring_count, sizeof(RingHeader));
  header.paths_offset = after(header.modules_offset, capacity.module_capacity, sizeof(ModuleRecord));
  header.answers_offset = after(header.paths_offset, capacity.path_bytes, 1);
  header.nodes_offset = after(header.answers_offset, capacity.ring_count, kAnswerBytes);
  header.records_offset = after(header.nodes_offset, capacity.node_capacity, sizeof(StackNode));
  header.region_bytes =
      after(header.records_offset, std::uint64_t{capacity.ring_count} * capacity.ring_records, sizeof(Record));
}

}  // namespace memprof::wire
