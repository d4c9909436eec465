#pragma once
// MEMPROF_CHECK_UNWIND builds: each stack is compared with what unw_backtrace of libunwind finds. When they differ,
// twice more is asked: libunwind without its cache, which keeps what it learned of libraries that were unloaded since,
// and libgcc, which knows rules that libunwind 1.6 passes over (DW_CFA_val_offset). A stack that all three find
// otherwise is counted as a difference.

#include <cstdint>

#include "preload/unwinder.hpp"

namespace memprof::preload {

#if defined(MEMPROF_CHECK_UNWIND)

/// Counts the stack in unwind_checked and, if so, in unwind_differences. Returns it.
wire::StackId checked(wire::StackId stack, const CallerRegisters& registers, wire::Header& header);

#else

[[gnu::always_inline]] inline wire::StackId checked(wire::StackId stack, const CallerRegisters&, wire::Header&) {
  return stack;
}

#endif

}  // namespace memprof::preload
