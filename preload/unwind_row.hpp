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

#include <cstdint>

#include "preload/cfi_rules.hpp"

namespace memprof::preload {

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

}  // namespace memprof::preload
