#include "preload/unwind_rows.hpp"

#include <sys/mman.h>

#include "preload/module_list.hpp"
#include "preload/sys.hpp"
#include "preload/unwind_known_code.hpp"
#include "preload/unwind_object.hpp"

namespace memprof::preload {

RowTable g_rows;

UnwindRow UnwindRow::from_rules(const FrameRules& rules, std::uint16_t module, std::uint32_t generation) {
  using RuleKind = Rule::Kind;
  const UnwindRow full = other(Kind::kFullRules, module, generation);
  const Rule& return_rule = rules.registers[kRip];
  if (return_rule.kind() == RuleKind::kUndefined) return other(Kind::kOutermost, module, generation);
  if (return_rule.kind() == RuleKind::kSame) return other(Kind::kNoRules, module, generation);
  if (rules.signal_frame || rules.cfa.kind() != RuleKind::kRegister) return full;
  const bool from_rbp = rules.cfa.number() == kRbp;
  if (!from_rbp && rules.cfa.number() != kRsp) return full;
  if (return_rule.kind() != RuleKind::kAtCfa || return_rule.number() != -8) return full;
  if (rules.registers[kRsp].kind() != RuleKind::kSame) return full;

  const std::int64_t cfa_offset = rules.cfa_offset;
  if (cfa_offset < 8 || cfa_offset % 8 != 0 || cfa_offset / 8 > static_cast<std::int64_t>(kMaxCfaWords)) return full;
  const Rule& rbp_rule = rules.registers[kRbp];
  const bool saves_rbp = rbp_rule.kind() == RuleKind::kAtCfa;
  if (!saves_rbp && rbp_rule.kind() != RuleKind::kSame) return full;
  const std::int64_t rbp_depth = saves_rbp ? -rbp_rule.number() : 8;
  if (rbp_depth < 8 || rbp_depth % 8 != 0 || rbp_depth / 8 > static_cast<std::int64_t>(kMaxRbpWords)) return full;
  // The walk loads the slot after it has checked the CFA alone. It may: the slot lies between the callee's frame, which
  // was read already, and the CFA.
  if (rbp_depth > (from_rbp ? 16 : cfa_offset)) return full;
  return UnwindRow(stamp(generation) | module | (from_rbp ? kCfaFromRbp : 0) | (saves_rbp ? kSavesRbp : 0) |
                   static_cast<std::uint64_t>(cfa_offset / 8) << kCfaShift |
                   static_cast<std::uint64_t>(rbp_depth / 8) << kRbpShift);
}

void find_rules(std::uintptr_t address, ModuleList& modules, RuleScratch& scratch, FoundRules& found) {
  const std::uintptr_t inside = address - 1;
  found.known = false;
  found.module = modules.module_of(inside);
  FoundObject object{};
  const Object kind = find_object(inside, object);
  found.in_file = kind != Object::kNone;
  if (!found.in_file) return;
  FrameDescription description;
  if (kind == Object::kFound && find_frame_description(object.section, inside, description)) {
    found.known = run_frame_program(description, inside, scratch, found.rules);
  } else {
    found.known = known_code_rules(address, object.entry, found.rules);
  }
}

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
