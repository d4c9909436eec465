#pragma once
// One step outwards by the full rules: any register, any expression, signal frames.

#include "preload/cfi_rules.hpp"
#include "preload/unwind_memory.hpp"
#include "preload/unwind_registers.hpp"

namespace memprof::preload {

enum class Step : std::uint8_t {
  kFrame,          ///< the registers are now the caller's
  kOutermost,      ///< there is no caller: the stack is complete
  kCut,            ///< there may be one, but nothing says where
  kNeedsRegister,  ///< the rules ask for a register that isn't known
};

/// Replaces `registers` (rip included) by the caller's. Registers that can't be found become unknown. Logs what it read
/// and, as LoggedRead::kUsedMask, which registers other than rsp and rip the step depended on; or on kOutermost the
/// return address that was found to be 0, if there was one.
Step step_by_rules(const FrameRules& rules, RegisterFile& registers, const StackMemory& memory, ReadLog& log);

}  // namespace memprof::preload
