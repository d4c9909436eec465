#pragma once
// MEMPROF_CHECK_UNWIND builds: each stack is compared with what libunwind finds, and differences are counted.

#include <cstdint>

#include "preload/unwinder.hpp"

namespace memprof::preload {

#if defined(MEMPROF_CHECK_UNWIND)

/// Counts the stack in unwind_checked, and in unwind_differences when libunwind's is another. Returns it.
wire::StackId checked(wire::StackId stack, const CallerRegisters& registers, wire::Header& header);

#else

[[gnu::always_inline]] inline wire::StackId checked(wire::StackId stack, const CallerRegisters&, wire::Header&) {
  return stack;
}

#endif

}  // namespace memprof::preload
