#pragma once
// The unwind rules at one address: DWARF's call frame instructions, run up to it.

#include <cstdint>

#include "preload/cfi_section.hpp"

namespace memprof::preload {

/// DWARF register numbers of the System V ABI for x86-64.
enum DwarfRegister : std::uint8_t { kRbx = 3, kRbp = 6, kRsp = 7, kR12 = 12, kR15 = 15, kRip = 16 };
inline constexpr unsigned kRegisterCount = 17;

/// How to find a register's value in the caller, or the CFA.
class Rule {
 public:
  enum class Kind : std::uint8_t {
    kSame,          ///< unchanged, which is also what no rule means
    kUndefined,     ///< not to be had; for rip: no caller, this is the outermost frame
    kAtCfa,         ///< in memory at CFA + number
    kCfaPlus,       ///< CFA + number itself
    kRegister,      ///< in another register: number
    kAtExpression,  ///< in memory at the address that a DWARF expression computes
    kExpression,    ///< what a DWARF expression computes
  };

  constexpr Rule() = default;
  constexpr Rule(Kind kind, std::int64_t number)
      : bits_(static_cast<std::uint64_t>(number) << kKindBits | static_cast<std::uint64_t>(kind)) {}
  Rule(Kind kind, const std::uint8_t* block)
      : Rule(kind, static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(block))) {}

  constexpr Kind kind() const { return static_cast<Kind>(bits_ & ((1u << kKindBits) - 1)); }
  constexpr std::int64_t number() const { return static_cast<std::int64_t>(bits_) >> kKindBits; }
  /// The expression with its ULEB length in front, both checked to lie within the section.
  const std::uint8_t* block() const {
    return reinterpret_cast<const std::uint8_t*>(static_cast<std::uintptr_t>(number()));
  }

 private:
  static constexpr unsigned kKindBits = 4;
  std::uint64_t bits_ = 0;
};
static_assert(sizeof(Rule) == 8);

struct FrameRules {
  Rule registers[kRegisterCount];  ///< rip's is the return address
  Rule cfa;                        ///< kRegister (then plus cfa_offset) or kExpression
  std::int64_t cfa_offset;
  bool signal_frame;
};

/// Working memory of run_frame_program: too large for the stack of a signal handler.
struct RuleScratch {
  static constexpr unsigned kRemembered = 4;  ///< GCC and LLVM never nest, hand-written code does once
  FrameRules initial;
  FrameRules remembered[kRemembered];
};

/// The rules in force at `address`, which the description covers; false when they can't be understood.
bool run_frame_program(const FrameDescription& description, std::uintptr_t address, RuleScratch& scratch,
                       FrameRules& rules);

}  // namespace memprof::preload
