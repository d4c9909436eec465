#pragma once
// Appending records to the calling thread's ring.
//
// One producer, but a signal handler may interrupt it between any two instructions and allocate itself:
//  - A slot is reserved with one instruction, so handler and interrupted hook never share one.
//  - While `guard` is set a hook is at work; a handler's record is then written but left for the hook to publish.
//  - A hook that finds records after its own gives its slot up and appends anew, so that time rises within the ring.

#include "preload/clock.hpp"
#include "preload/thread_state.hpp"

namespace memprof::preload {

/// Records of the ring that must be free before an event begins: its own and those of handlers that interrupt it.
inline constexpr std::uint64_t kRoom = 66;

/// Waits for the collector until the ring has room for an event, or drops. False: the event is lost and counted.
bool make_room(ThreadState& thread);

/// The record of a signal handler that interrupted a hook: left for the hook to publish.
void write_nested(ThreadState& thread, wire::Operation operation, wire::Hook hook, std::uint64_t address,
                  std::uint64_t size, wire::StackId stack);

/// A mark instead of an event. The guard must not be set.
void write_mark(ThreadState& thread, wire::Mark mark, std::uint64_t address);

/// Wakes the collector if it sleeps.
void ring_doorbell();

/// Gives up what a hook that siglongjmp left has not published: the collector skips it.
void abandon_unpublished(ThreadState& thread);

/// One instruction where the machine has one: atomic against signal handlers of this thread, not against other threads.
[[gnu::always_inline]] inline std::uint64_t reserve(ThreadState& thread, std::uint64_t count) {
#if defined(__x86_64__)
  std::uint64_t slot = count;
  __asm__ volatile("xaddq %0, %1" : "+r"(slot), "+m"(thread.reserved) : : "memory", "cc");
  return slot;
#else
  return __atomic_fetch_add(&thread.reserved, count, __ATOMIC_RELAXED);
#endif
}

/// Publishes all reserved records and lets go of the guard. Never publishes a lower head than before.
[[gnu::always_inline]] inline void publish_and_release(ThreadState& thread) {
  volatile std::uint64_t* const guard = thread.guard;
  for (;;) {
    const std::uint64_t head = *const_cast<volatile std::uint64_t*>(&thread.reserved);
    // Pairs with the collector's acquire load of head: records, nodes and modules before it are visible.
    thread.ring->head.store(head, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    thread.guard = nullptr;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (__builtin_expect(*const_cast<volatile std::uint64_t*>(&thread.reserved) == head, 1)) return;
    // A handler came in between. With the guard set it left its records to us; without it they are out already, and
    // publishing them again changes nothing.
    thread.guard = guard;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

[[gnu::always_inline]] inline wire::Record& record_at(ThreadState& thread, std::uint64_t slot) {
  return thread.records[slot & (g_region.ring_records - 1)];
}

/// Appends one event behind everything that is in the ring, published or not, and returns its first slot. The caller
/// has made sure of the room: two records, and two more for each handler that may interrupt it (write_nested() does).
[[gnu::always_inline]] inline std::uint64_t append(ThreadState& thread, wire::Operation operation, wire::Hook hook,
                                                   std::uint64_t address, std::uint64_t size, wire::StackId stack) {
  const std::uint64_t count = __builtin_expect(size >> 32 != 0, 0) ? 2 : 1;
  for (;;) {
    const std::uint64_t slot = reserve(thread, count);
    const std::uint64_t ticks = now_ticks();
    if (count == 2) {
      record_at(thread, slot) = wire::Record::make(ticks, wire::Operation::kExtension, 0, size >> 32, 0, 0);
    }
    record_at(thread, slot + count - 1) =
        wire::Record::make(ticks, operation, static_cast<std::uint8_t>(hook), address, size, stack);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (__builtin_expect(*const_cast<volatile std::uint64_t*>(&thread.reserved) == slot + count, 1)) return slot;
    // A handler's records follow and may be earlier than ours: give the slot up, at a time that keeps the order, and
    // append anew.
    const std::uint64_t next_ticks = record_at(thread, slot + count).ticks();
    for (std::uint64_t i = 0; i < count; ++i) {
      record_at(thread, slot + i) = wire::Record::make(next_ticks, wire::Operation::kExtension, 0, 0, 0, 0);
    }
  }
}

/// Sets the guard with room for an event secured; `cookie` lives in the hook's frame. False: the event is lost and
/// counted, or recording has ended.
[[gnu::always_inline]] inline bool begin_event(ThreadState& thread, volatile std::uint64_t& cookie) {
  cookie = kGuardCookie;
  for (;;) {
    thread.guard = &cookie;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (__builtin_expect(thread.reserved + kRoom - thread.seen_tail <= g_region.ring_records, 1)) return true;
    // The wait is without the guard: a handler that comes in meanwhile records, and waits, like any other hook.
    thread.guard = nullptr;
    if (!make_room(thread)) return false;
  }
}

/// Writes and publishes one event after begin_event().
[[gnu::always_inline]] inline void end_event(ThreadState& thread, wire::Operation operation, wire::Hook hook,
                                             std::uint64_t address, std::uint64_t size, wire::StackId stack) {
  const std::uint64_t slot = append(thread, operation, hook, address, size, stack);
  const std::uint64_t end = thread.reserved;
  publish_and_release(thread);
  if (__builtin_expect(((slot ^ end) & (g_region.ring_records / 4)) != 0, 0)) ring_doorbell();
}

}  // namespace memprof::preload
