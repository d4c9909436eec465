#pragma once
// Unwind rules as the machine likes them: nearly all code, at nearly all addresses, follows a rule that fits in one
// 64-bit word, so that a step outwards is one look-up, two loads and no interpreter.
//
//   bits 0-15    module index
//   bits 16-31   low half of the module generation for which the row is valid
//   bit  32      set: distinguishes a row from an empty slot
//   bits 33-34   UnwindRow::Kind
//   bit  35      CFA = rbp + offset, else rsp + offset
//   bit  36      rbp was saved, else it is unchanged
//   bits 37-52   CFA offset / 8
//   bits 53-63   (CFA - slot of rbp) / 8; 1 when it wasn't saved, so that a blind load hits the return address
//
// Rows are kept for the whole process in a hash table without locks. A slot is two words, the address and the row;
// each is written with one atomic store and the address never changes, so no reader can see a mixture. A signal that
// interrupts an insertion finds the row missing and computes it again, with the same result.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/cfi_rules.hpp"

namespace memprof::preload {

class ModuleList;

class UnwindRow {
 public:
  enum class Kind : std::uint8_t {
    kPlain = 0,
    kOutermost = 1,  ///< the code has no caller
    kFullRules = 2,  ///< only the full rules can tell
    kNoRules = 3,    ///< nothing is known
  };

  constexpr UnwindRow() = default;
  constexpr explicit UnwindRow(std::uint64_t bits) : bits_(bits) {}
  static constexpr UnwindRow other(Kind kind, std::uint16_t module, std::uint32_t generation) {
    return UnwindRow(stamp(generation) | module | static_cast<std::uint64_t>(kind) << kKindShift);
  }
  /// Does not fit: kFullRules.
  static UnwindRow from_rules(const FrameRules& rules, std::uint16_t module, std::uint32_t generation);

  /// What a plain row of this generation has in kPlainMask.
  static constexpr std::uint64_t stamp(std::uint32_t generation) {
    return kPresent | static_cast<std::uint64_t>(generation & 0xffff) << kGenerationShift;
  }
  constexpr bool is_plain(std::uint64_t stamp_now) const { return (bits_ & kPlainMask) == stamp_now; }
  constexpr bool is_current(std::uint64_t stamp_now) const { return (bits_ & kCurrentMask) == stamp_now; }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr Kind kind() const { return static_cast<Kind>(bits_ >> kKindShift & 3); }
  constexpr std::uint64_t module() const { return bits_ & 0xffff; }
  constexpr bool cfa_from_rbp() const { return (bits_ & kCfaFromRbp) != 0; }
  constexpr bool saves_rbp() const { return (bits_ & kSavesRbp) != 0; }
  constexpr std::uintptr_t cfa_offset() const { return bits_ >> (kCfaShift - 3) & (kMaxCfaWords << 3); }
  constexpr std::uintptr_t rbp_depth() const { return bits_ >> kRbpShift << 3; }

  /// The same frame, stepped over by the full rules, with its part of the read log.
  constexpr UnwindRow logged(std::uint32_t log_begin) const {
    return UnwindRow((bits_ & 0xffff'ffff) | kPresent | static_cast<std::uint64_t>(Kind::kFullRules) << kKindShift |
                     static_cast<std::uint64_t>(log_begin) << kCfaShift);
  }
  constexpr std::uint32_t log_begin() const { return static_cast<std::uint32_t>(bits_ >> kCfaShift); }

 private:
  static constexpr unsigned kGenerationShift = 16;
  static constexpr std::uint64_t kPresent = std::uint64_t{1} << 32;
  static constexpr unsigned kKindShift = 33;
  static constexpr std::uint64_t kCfaFromRbp = std::uint64_t{1} << 35;
  static constexpr std::uint64_t kSavesRbp = std::uint64_t{1} << 36;
  static constexpr unsigned kCfaShift = 37;
  static constexpr std::uint64_t kMaxCfaWords = 0xffff;
  static constexpr unsigned kRbpShift = 53;
  static constexpr std::uint64_t kMaxRbpWords = 0x7ff;
  static constexpr std::uint64_t kCurrentMask = std::uint64_t{0x1ffff} << kGenerationShift;
  static constexpr std::uint64_t kPlainMask = kCurrentMask | std::uint64_t{3} << kKindShift;

  std::uint64_t bits_ = 0;
};
static_assert(sizeof(UnwindRow) == 8);

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

/// What the unwind information says about `address` (a stack node's), and about its module.
struct FoundRules {
  FrameRules rules;  ///< if `known`
  std::uint16_t module;
  bool known;
  bool in_file;  ///< false: no loaded file's address, which can change without a new generation
};
void find_rules(std::uintptr_t address, ModuleList& modules, RuleScratch& scratch, FoundRules& found);

}  // namespace memprof::preload
