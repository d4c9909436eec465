#pragma once
// Code without call frame information that is in every process: its rules are known all the same.
//
//  - The loader's entry, _dl_start_user, is jumped to by the kernel's hand and calls the constructors of all libraries.
//  - makecontext's __start_context is where a fiber's function returns to. Its frame information begins with its first
//    instruction, so that a return address which was never pushed by a call has none. Nothing called it.
//  - crtstuff's __do_global_dtors_aux, compiled by GCC without unwind tables into each library, calls __cxa_finalize
//  and
//    so every destructor of a static object. It is recognised by its instructions, which show where rbp was saved.

#include <cstdint>

#include "preload/cfi_rules.hpp"

namespace memprof::preload {

/// Fills in the rules for the code before `address` (a stack node's) in a file whose entry point is `entry`, 0 if it
/// has none. False: not such code.
bool known_code_rules(std::uintptr_t address, std::uintptr_t entry, FrameRules& rules);

}  // namespace memprof::preload
