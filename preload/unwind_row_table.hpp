#pragma once
// The rows that were computed so far, for the whole process, in a hash table without locks. A slot is two words, the
// address and the row; each is written with one atomic store and the address never changes, so no reader can see a
// mixture. A signal that interrupts an insertion finds the row missing and computes it again, with the same result.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/unwind_row.hpp"

namespace memprof::preload {

/// The rows of the process. Addresses are those of stack nodes: one past the byte that the rules are asked for.
class RowTable {
 public:
  /// An empty row when there is none, or none of any generation yet.
  [[gnu::always_inline]] UnwindRow find(std::uintptr_t address) const {
    const Slots slots = slots_.load(std::memory_order_acquire);
    if (slots == 0) return UnwindRow();
    const Slot* slot = first_slot(slots, address);
    for (unsigned probe = 0; probe < kProbes; ++probe, ++slot) {
      const std::uintptr_t present = slot->address.load(std::memory_order_relaxed);
      if (present == address) return UnwindRow(slot->row.load(std::memory_order_relaxed));
      if (present == 0) break;
    }
    return UnwindRow();
  }

  /// Enters or replaces a row, if there is room. `generation` as in the row, in full. Returns the bytes newly mapped.
  std::size_t insert(std::uintptr_t address, UnwindRow row, std::uint32_t generation);

 private:
  struct Slot {
    std::atomic<std::uintptr_t> address;
    std::atomic<std::uint64_t> row;
  };
  /// Address of the slots, with the binary logarithm of their number in the lower bits.
  using Slots = std::uintptr_t;

  static constexpr unsigned kProbes = 16;
  static constexpr unsigned kFirstLog2 = 13;
  static constexpr unsigned kLastLog2 = 20;
  static constexpr std::uintptr_t kLog2Mask = 63;

  static constexpr unsigned log2_of(Slots slots) { return static_cast<unsigned>(slots & kLog2Mask); }
  static constexpr std::size_t bytes_of(unsigned log2) { return ((std::size_t{1} << log2) + kProbes) * sizeof(Slot); }
  /// Four slots share a cache line; a search begins with a line.
  [[gnu::always_inline]] static Slot* first_slot(Slots slots, std::uintptr_t address) {
    const std::uint64_t mixed = address * 0x9e37'79b9'7f4a'7c15u;
    const std::uint64_t line = mixed >> (64 + 2 - log2_of(slots));
    return reinterpret_cast<Slot*>(slots & ~kLog2Mask) + (line << 2);
  }

  static bool put(Slots slots, std::uintptr_t address, UnwindRow row, bool& added);
  std::size_t replace(Slots old, unsigned log2, bool keep_rows);

  std::atomic<Slots> slots_{0};
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> generation_high_{0};
  std::atomic<bool> replacing_{false};
};

extern RowTable g_rows;

}  // namespace memprof::preload
