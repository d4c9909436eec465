#pragma once
// What every hook begins with: the registers of its caller, where the walk of the stack starts.

#include "preload/real_functions.hpp"
#include "preload/unwinder.hpp"

/// The library's only visible symbols are its hooks (the linker's export list says the same).
#define MEMPROF_EXPORT [[gnu::visibility("default"), gnu::noinline]]

#if defined(MEMPROF_ISLAND_CHECK)
// Debug builds: the library itself must never allocate through the program's functions. (What it calls may jump on to
// another hook where allocator or operators are not the C library's and libstdc++'s.)
#define MEMPROF_ASSERT_FOREIGN(address)                                                           \
  do {                                                                                            \
    if (::memprof::preload::is_our_code(address) && ::memprof::preload::g_allocator.bytes == 0 && \
        ::memprof::preload::g_operator_new == ::memprof::preload::OperatorNew::kRuntime) {        \
      __builtin_trap();                                                                           \
    }                                                                                             \
  } while (false)
#else
#define MEMPROF_ASSERT_FOREIGN(address) static_cast<void>(0)
#endif

/// First line of a hook's body; hooks are compiled with a frame pointer.
#define MEMPROF_HOOK_ENTRY(name)                                                                            \
  [[maybe_unused]] const ::memprof::preload::CallerRegisters name = ::memprof::preload::caller_registers(); \
  MEMPROF_ASSERT_FOREIGN(name.return_address)

/// The same for operators: what we call of the C++ runtime may jump on to another operator (`new[]` to `new`).
#define MEMPROF_OPERATOR_ENTRY(name) \
  const ::memprof::preload::CallerRegisters name = ::memprof::preload::caller_registers()
