#pragma once
// What a hook does with an event: find the calling thread's ring, capture the stack, write the record.

#include <cstdint>

#include "preload/unwinder.hpp"
#include "wire/record.hpp"

namespace memprof::preload {

/// Records one event of the calling thread and returns the id of its stack. Keeps errno, never fails: what cannot be
/// recorded is counted in the region.
wire::StackId record(wire::Operation operation, wire::Hook hook, const void* address, std::uint64_t size,
                     const CallerRegisters& caller);

/// The second record of one hook (realloc's end): same stack, no second walk.
void record_again(wire::Operation operation, wire::Hook hook, const void* address, std::uint64_t size,
                  wire::StackId stack);

/// Puts a mark between the events of the calling thread. One that a signal handler makes inside a hook is not recorded.
void record_mark(wire::Mark mark);

}  // namespace memprof::preload
