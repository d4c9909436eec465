#pragma once
// What a hook does with an event: find the calling thread's ring, capture the stack, write the record.

#include <cstdint>

#include "preload/hot.hpp"
#include "preload/unwinder.hpp"
#include "wire/record.hpp"

namespace memprof::preload {

/// record(), with arguments that all fit in registers.
wire::StackId record_event(std::uint64_t kind, const void* address, std::uint64_t size, std::uintptr_t return_address,
                           std::uintptr_t stack_pointer, std::uintptr_t frame_pointer);

/// Records one event of the calling thread and returns the id of its stack. Keeps errno, never fails: what cannot be
/// recorded is counted in the region.
MEMPROF_HOT wire::StackId record(wire::Operation operation, wire::Hook hook, const void* address, std::uint64_t size,
                                 const CallerRegisters& caller) {
  return record_event(wire::Record::make_kind(operation, static_cast<std::uint8_t>(hook)), address, size,
                      caller.return_address, caller.stack_pointer, caller.frame_pointer);
}

/// The second record of one hook (realloc's end): same stack, no second walk.
void record_again(wire::Operation operation, wire::Hook hook, const void* address, std::uint64_t size,
                  wire::StackId stack);

/// Puts a mark between the events of the calling thread. False: it was lost, and counted, or nobody records.
bool record_mark(wire::Mark mark, std::uint64_t address = 0, std::uint64_t size = 0);

struct Answer {
  std::uint64_t first = 0, second = 0;
  const char* text = nullptr;  ///< of those that have one: wire::kAnswerBytes that the next question overwrites
};

/// Puts a question to the collector and waits for what it says; it answers when it has read the calling thread's events
/// up to here and those of all others up to now. False: no answer came in time, or nobody records.
bool ask_collector(wire::Mark question, std::uint64_t address, long patience_ns, Answer& answer);

}  // namespace memprof::preload
