#pragma once
// One event as it travels in a ring: 24 bytes, written by the target, read by the collector.
//
//   word 0   time (56 bits, clock ticks since Header::clock_base) << 8 | hook (5 bits) << 3 | operation (3 bits)
//   word 1   address
//   word 2   size (low 32 bits) | stack id << 32
//
// A size of 4 GiB or more puts one kExtension record immediately before its event; both are published together. Its
// word 1 is the upper 32 bits of the size.
//
// Time is the order of events of different rings; within one ring it is the order of the records that counts, and time
// hardly ever falls. What makes it an order:
//   kFree          stamped and published before the real free
//   kAlloc         stamped after the real allocation returned
//   kReallocBegin  stamped and published before the real realloc; from here on the old block counts as freed
//   kReallocEnd    stamped after it returned; the new block lives from here on
//   kReallocFail   stamped after it returned NULL; the old block is alive again, untouched
// So whoever sees an address allocated again has seen it freed.
//
// Hooks from kMmap on are the mapped domain: address ranges that the program maps itself. Their sizes are whole pages
// (not those of kSbrk), and they use the operations thus:
//   kAlloc         [address, address + size) is mapped now, in place of whatever was there (MAP_FIXED)
//   kAllocFail     nothing was mapped
//   kFree          stamped before the real call: nothing is mapped in [address, address + size) any more
//   kReallocBegin  mremap: likewise for the old range, which counts as mapped until its end is known
//   kReallocEnd    the new range, which replaces what was there
//   kReallocFail   of kMremap: the old range is there again. Of the others: so is what the last kFree took away

#include <cstdint>

namespace memprof::wire {

using StackId = std::uint32_t;

enum class Operation : std::uint8_t {
  kExtension = 0,     ///< upper half of the size of the next record
  kAlloc = 1,         ///< address, size, stack
  kAllocFail = 2,     ///< size, stack; the allocator returned NULL
  kFree = 3,          ///< address, stack of the free
  kReallocBegin = 4,  ///< old address, requested size, stack
  kReallocEnd = 5,    ///< new address, size, stack; address 0: realloc(p, 0) freed the block
  kReallocFail = 6,   ///< old address, requested size, stack
  kMark = 7,          ///< not an allocation: the hook field holds a Mark
};

/// Which function made the event. The word that reports use is in hook_name().
enum class Hook : std::uint8_t {
  kMalloc = 0,
  kCalloc = 1,
  kRealloc = 2,
  kReallocarray = 3,
  kMemalign = 4,  ///< memalign, aligned_alloc, posix_memalign, valloc, pvalloc
  kNew = 5,
  kNewArray = 6,
  kFree = 7,
  kDelete = 8,
  kDeleteArray = 9,
  kMmap = 10,  ///< mapped domain: kAlloc and kFree of address ranges
  kMunmap = 11,
  kMremap = 12,
  kSbrk = 13,  ///< sbrk, brk
};
inline constexpr std::uint8_t kHookCount = 14;
constexpr bool is_mapped_domain(Hook hook) { return hook >= Hook::kMmap; }
/// In place of the hook: the thread had called memprof_pause() when it got this block, so no figure counts it; that it
/// is there has to be known all the same, for its free. kAlloc (without a stack) and kReallocEnd only.
inline constexpr std::uint8_t kUnrecordedHook = 31;

enum class Mark : std::uint8_t {
  kThread = 0,  ///< from here on the ring belongs to another thread: address is its tid, first record of every owner;
                ///< size: its stack pointer (0: unknown)
  kTick = 1,    ///< the program called memprof_tick(): one round of its work is over
  kScopeBegin = 2,  ///< address: its name as a TextReference
  kScopeEnd = 3,    ///< likewise: ends the innermost open scope of that name, and those inside it
  kSnapshot = 4,    ///< memprof_snapshot(), address: its name as a TextReference
  kResetPeak = 5,
  // Questions: the size is the number of the question, the answer comes in RingHeader::answer.
  kTraced = 6,  ///< memprof_get_traced(): live bytes and the peak since kResetPeak, both at this time
  kWhere = 7,   ///< memprof_where(), address: somewhere in a block; the text is in the ring's answer area
};

/// A text in the region's paths area: offset | bytes << 32. 0 bytes: there was no room for it.
struct TextReference {
  std::uint64_t value;
  static constexpr TextReference make(std::uint32_t offset, std::uint32_t bytes) {
    return {offset | std::uint64_t{bytes} << 32};
  }
  constexpr std::uint32_t offset() const { return static_cast<std::uint32_t>(value); }
  constexpr std::uint32_t bytes() const { return static_cast<std::uint32_t>(value >> 32); }
};
inline constexpr std::uint32_t kLongestText = 200;

struct Record {
  std::uint64_t time_and_kind;
  std::uint64_t address;
  std::uint64_t size_and_stack;

  static constexpr unsigned kTimeShift = 8;
  static constexpr std::uint64_t kLowSizeMask = 0xffff'ffffu;

  /// What `time_and_kind` has below the time.
  static constexpr std::uint64_t make_kind(Operation operation, std::uint8_t hook_or_mark) {
    return static_cast<std::uint64_t>(hook_or_mark) << 3 | static_cast<std::uint64_t>(operation);
  }
  static constexpr Record make(std::uint64_t ticks, std::uint64_t kind, std::uint64_t address, std::uint64_t size,
                               StackId stack) {
    return {ticks << kTimeShift | kind, address, (size & kLowSizeMask) | static_cast<std::uint64_t>(stack) << 32};
  }
  static constexpr Record make(std::uint64_t ticks, Operation operation, std::uint8_t hook_or_mark,
                               std::uint64_t address, std::uint64_t size, StackId stack) {
    return make(ticks, make_kind(operation, hook_or_mark), address, size, stack);
  }

  constexpr std::uint64_t ticks() const { return time_and_kind >> kTimeShift; }
  constexpr Operation operation() const { return static_cast<Operation>(time_and_kind & 7); }
  constexpr std::uint8_t hook_or_mark() const { return static_cast<std::uint8_t>(time_and_kind >> 3 & 31); }
  constexpr std::uint64_t low_size() const { return size_and_stack & kLowSizeMask; }
  constexpr StackId stack() const { return static_cast<StackId>(size_and_stack >> 32); }
};
static_assert(sizeof(Record) == 24);

}  // namespace memprof::wire
