#pragma once
// DWARF expressions as they occur in call frame information: PLT entries, realigned stacks, signal frames.

#include <cstdint>

#include "preload/unwind_memory.hpp"
#include "preload/unwind_registers.hpp"

namespace memprof::preload {

enum class Evaluated : std::uint8_t {
  kValue,
  kNeedsRegister,  ///< of a register whose value isn't known
  kFailed,         ///< not understood, endless, or memory that can't be read
};

/// What an expression is evaluated with.
struct ExpressionInput {
  const RegisterFile& registers;
  const StackMemory& memory;
  const std::uintptr_t* initial;  ///< pushed first, when not null: the CFA for registers' rules
};

/// Evaluates the expression at `block`, which begins with its length. Adds the registers it used to `used`, and its
/// reads of memory to `log` as reads for the CFA.
Evaluated evaluate_expression(const std::uint8_t* block, const ExpressionInput& input, std::uintptr_t& result,
                              RegisterMask& used, ReadLog& log);

}  // namespace memprof::preload
