#pragma once
// The call stack of a hook's caller, exactly, at a few nanoseconds.
//
//   hook ── caller_registers() ──▶ capture_stack() ──▶ StackId
//                                   │ known stacks: nothing has changed since this thread was here before
//                                   │ memo: outer frames that provably did not change since this thread's last event
//                                   │ rows: one cached unwind rule per return address (.eh_frame, found lock-free)
//                                   └ interpreter: all of DWARF CFI, for what a row can't express
//
// Guarantees
//  - Async-signal-safe: no lock, no allocation but mmap, no loader call but _dl_find_object, errno kept.
//  - Reads only memory that is known to be readable, and cuts the stack (kRootCutUnwind) where knowledge ends: broken
//    unwind information, code without any, or a corrupted stack make a short stack, never a fault and never a guess.
//  - The same stack has the same id, whatever was captured before it, unless it is deeper than max_depth and that is
//    more than 512: how many of its innermost frames are kept, 512 at least, then depends on the stacks before.
//  - Needs less than 512 bytes of stack unless an unwind rule has to be computed.

#include <cstddef>
#include <cstdint>

#include "preload/known_stacks.hpp"
#include "wire/record.hpp"
#include "wire/region.hpp"

namespace memprof::preload {

class ModuleList;
class StackTree;

/// Registers at the call of a hook, in the frame of the hook's caller.
struct CallerRegisters {
  std::uintptr_t return_address;
  std::uintptr_t stack_pointer;  ///< the caller's stack pointer once the hook has returned, which is the hook's CFA
  std::uintptr_t frame_pointer;  ///< the caller's frame pointer at the call
};

/// To be called directly in the body of an exported hook, which must not have over-aligned locals.
[[gnu::always_inline]] inline CallerRegisters caller_registers() {
  // The caller's frame pointer and the return address: on x86-64 at the top of the hook's frame, on aarch64 anywhere.
  auto* frame = static_cast<const std::uintptr_t*>(__builtin_frame_address(0));
#if defined(__x86_64__)
  return {frame[1], reinterpret_cast<std::uintptr_t>(frame + 2), frame[0]};
#else
  return {frame[1], reinterpret_cast<std::uintptr_t>(__builtin_dwarf_cfa()), frame[0]};
#endif
}

/// What a thread remembers of its last stacks. Only its owning thread touches it, and never from a nested hook.
struct ThreadUnwindState;

/// Address space for one state, touched as stacks get deeper: a few KiB for most threads.
inline constexpr std::size_t kThreadUnwindBytes = std::size_t{2} << 20;
/// For a target with an address-space limit: remembers less, is as exact.
inline constexpr std::size_t kSmallThreadUnwindBytes = std::size_t{192} << 10;
/// Frames that one stack can have at most; a larger max_depth counts as this.
inline constexpr std::uint32_t kDepthLimit = 16384;

/// Makes a state in `zeroed_memory` (page-aligned, `bytes` at least kSmallThreadUnwindBytes), without touching more of
/// it than its first page.
ThreadUnwindState* make_thread_unwind_state(void* zeroed_memory, std::size_t bytes);

/// The thread slot has a new owner. (After a fork a rise of ModuleList::generation() is what forgets the parent's ids.)
void reset(ThreadUnwindState& state);

/// Interned stack of the caller, with at most `max_depth` frames, or one of the roots when there is no more to tell.
/// `state` is null in a nested hook (a signal handler inside a hook) or when there was no memory for one: then nothing
/// is remembered. What is cut, lost or computed the long way is counted in `header`.
wire::StackId capture_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                            StackTree& stacks, ModuleList& modules, wire::Header& header);

/// What capture_stack() looks at first, for those who have done so themselves; null when this unwinder has none. Its
/// stacks have no more frames than max_depth was at the time.
KnownStacks* known_stacks(ThreadUnwindState& state);

/// The rest of capture_stack(), when the stack is no known one.
wire::StackId walk_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                         StackTree& stacks, ModuleList& modules, wire::Header& header);

/// To be called before memory that may have been a stack is unmapped, moved or protected (munmap, mremap, mprotect,
/// mmap with MAP_FIXED): all threads forget which addresses they found readable.
void note_unmapping();

/// Whether a call with this return address comes from the unwinder: what it maps is not the program's.
bool is_unwinders_own(std::uintptr_t return_address);

}  // namespace memprof::preload
