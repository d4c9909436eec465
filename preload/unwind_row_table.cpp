#include "preload/unwind_row_table.hpp"

#include <sys/mman.h>

#include "preload/sys.hpp"

namespace memprof::preload {

RowTable g_rows;

bool RowTable::put(Slots slots, std::uintptr_t address, UnwindRow row, bool& added) {
  Slot* slot = first_slot(slots, address);
  for (unsigned probe = 0; probe < kProbes; ++probe, ++slot) {
    std::uintptr_t present = slot->address.load(std::memory_order_relaxed);
    if (present == 0) {
      if (slot->address.compare_exchange_strong(present, address, std::memory_order_relaxed)) {
        added = true;
        present = address;
      }
    }
    if (present == address) {
      slot->row.store(row.bits(), std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

std::size_t RowTable::insert(std::uintptr_t address, UnwindRow row, std::uint32_t generation) {
  std::size_t mapped = 0;
  Slots slots = slots_.load(std::memory_order_acquire);
  // Rows carry 16 bits of the generation: before they repeat, the old rows must go.
  const std::uint32_t high = generation >> 16;
  if (slots == 0) {
    mapped = replace(0, kFirstLog2, false);
  } else if (generation_high_.load(std::memory_order_relaxed) != high) {
    mapped = replace(slots, log2_of(slots), false);
  } else if (count_.load(std::memory_order_relaxed) > (std::uint32_t{1} << log2_of(slots)) / 2 &&
             log2_of(slots) < kLastLog2) {
    mapped = replace(slots, log2_of(slots) + 2 < kLastLog2 ? log2_of(slots) + 2 : kLastLog2, true);
  }
  if (mapped != 0) generation_high_.store(high, std::memory_order_relaxed);
  slots = slots_.load(std::memory_order_acquire);
  if (slots == 0 || generation_high_.load(std::memory_order_relaxed) != high) return mapped;
  bool added = false;
  put(slots, address, row, added);
  if (added) count_.fetch_add(1, std::memory_order_relaxed);
  return mapped;
}

std::size_t RowTable::replace(Slots old, unsigned log2, bool keep_rows) {
  // Who comes second, or interrupts the first, goes on with the old table.
  if (replacing_.exchange(true, std::memory_order_acquire)) return 0;
  std::size_t mapped = 0;
  if (slots_.load(std::memory_order_acquire) == old) {
    if (void* const memory = sys::map_private(bytes_of(log2))) {
      mapped = bytes_of(log2);
      const Slots larger = reinterpret_cast<std::uintptr_t>(memory) | log2;
      std::uint32_t count = 0;
      const std::size_t old_slots = old == 0 || !keep_rows ? 0 : bytes_of(log2_of(old)) / sizeof(Slot);
      for (std::size_t i = 0; i < old_slots; ++i) {
        const Slot& slot = reinterpret_cast<const Slot*>(old & ~kLog2Mask)[i];
        const std::uint64_t row = slot.row.load(std::memory_order_relaxed);
        bool added = false;
        if (row != 0) put(larger, slot.address.load(std::memory_order_relaxed), UnwindRow(row), added);
        count += added ? 1 : 0;
      }
      count_.store(count, std::memory_order_relaxed);
      slots_.store(larger, std::memory_order_release);
      // Given back as memory, not as addresses: a slower thread may still look into it, and finds it empty.
      if (old != 0) sys::advise(reinterpret_cast<void*>(old & ~kLog2Mask), bytes_of(log2_of(old)), MADV_DONTNEED);
    }
  }
  replacing_.store(false, std::memory_order_release);
  return mapped;
}

}  // namespace memprof::preload
