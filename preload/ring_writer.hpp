#pragma once
// Appending records to a ring of the calling thread.
//
// One producer, but a signal handler may interrupt it between any two instructions and allocate itself. While `guard`
// is set a hook is at work on the ring; the handler's events then go to another ring of the thread (ThreadState). They
// can't wait for the interrupted hook to end: what the handler frees may be another thread's a moment later, whose
// events must not be seen before the free.

#include "preload/clock.hpp"
#include "preload/hot.hpp"
#include "preload/process.hpp"
#include "preload/thread_state.hpp"

namespace memprof::preload {

/// Records of the ring that must be free before an event begins: it takes two when its size has 4 GiB or more.
inline constexpr std::uint64_t kRoom = 2;

/// One event in so many is timed, for an estimate of what all of them cost: none that rings the doorbell.
inline constexpr std::uint64_t kTimedEvery = 256;
constexpr std::uint64_t next_timed(std::uint64_t record) {
  return ((record + kTimedEvery / 2) | (kTimedEvery - 1)) - kTimedEvery / 2;
}
static_assert(next_timed(0) == 127 && next_timed(127) == 127 && next_timed(128) == 383);

/// Waits for the collector until the ring has room for an event, or drops. False: the event is lost and counted. Sets
/// how far the straight path goes from here, so that one comparison with ThreadState::straight_end stands for: there is
/// room, no doorbell is due, the event is not to be timed, the thread is not paused, the processor tells the time, and
/// stacks can be known or are not wanted.
bool make_room(ThreadState& thread);

/// A mark instead of an event. The guard must not be set. False: it is lost and counted, or recording has ended.
bool write_mark(ThreadState& thread, wire::Mark mark, std::uint64_t address, std::uint64_t size = 0);

/// Wakes the collector if it sleeps.
void ring_doorbell();
/// The same when another quarter of the ring is full, unless the collector will soon come by itself.
void ring_at_quarter(const ThreadState& thread);

/// Makes the ring usable again after siglongjmp left a hook in the middle of its event, which is lost and counted.
void abandon_event(ThreadState& thread);

MEMPROF_HOT wire::Record& record_at(ThreadState& thread, std::uint64_t slot) {
  return thread.records[slot & (g_region.ring_records - 1)];
}

MEMPROF_HOT bool is_of_this_process(const ThreadState& thread) {
  return thread.generation == g_process->generation.load(std::memory_order_relaxed);
}

/// Sets the guard with room for an event secured; `cookie` lives in the hook's frame. False: the event is lost and
/// counted, or recording has ended.
MEMPROF_HOT bool begin_event(ThreadState& thread, volatile std::uint64_t& cookie) {
  cookie = kGuardCookie;
  thread.guard = &cookie;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (thread.reserved < thread.straight_end || make_room(thread)) return true;
  thread.guard = nullptr;
  return false;
}

/// Sets the guard, if an event of that size can take the straight path. False: it can't, and the guard isn't set.
MEMPROF_HOT bool begin_straight(ThreadState& thread, std::uint64_t size, volatile std::uint64_t& cookie) {
  if (__builtin_expect(!is_of_this_process(thread) || thread.guard != nullptr || size >> 32 != 0, 0)) return false;
  cookie = kGuardCookie;
  thread.guard = &cookie;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(thread.reserved < thread.straight_end, 1)) return true;
  thread.guard = nullptr;
  return false;
}

/// Writes and publishes one event after begin_straight(), and lets go of the guard.
MEMPROF_HOT void end_straight(ThreadState& thread, const volatile std::uint64_t& cookie, std::uint64_t kind,
                              std::uint64_t address, std::uint64_t size, wire::StackId stack) {
  const std::uint64_t reserved = thread.reserved;
  const std::uint64_t ticks = now_by_tsc(g_clock.load(std::memory_order_relaxed));
  record_at(thread, reserved) = wire::Record::make(ticks, kind, address, size, stack);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A signal handler has forked in the meantime, and this is the child: the ring is its parent's.
  if (__builtin_expect(thread.guard != &cookie || !is_of_this_process(thread), 0)) return;
  thread.reserved = reserved + 1;
  // Pairs with the collector's acquire load of head: records, nodes and modules before it are visible.
  thread.ring->head.store(reserved + 1, std::memory_order_release);
  // Last: as long as it is set, nobody takes the region away under our feet.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  thread.guard = nullptr;
}

/// Writes and publishes one event after begin_event(), and lets go of the guard.
MEMPROF_HOT void end_event(ThreadState& thread, const volatile std::uint64_t& cookie, wire::Operation operation,
                           wire::Hook hook, std::uint64_t address, std::uint64_t size, wire::StackId stack) {
  const std::uint64_t begin = thread.reserved;
  std::uint64_t end = begin;
  const std::uint64_t ticks = now_ticks();
  if (__builtin_expect(size >> 32 != 0, 0)) {
    record_at(thread, end++) = wire::Record::make(ticks, wire::Operation::kExtension, 0, size >> 32, 0, 0);
  }
  record_at(thread, end++) =
      wire::Record::make(ticks, operation, static_cast<std::uint8_t>(hook), address, size, stack);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A signal handler has forked in the meantime, and this is the child: the ring is its parent's.
  if (__builtin_expect(thread.guard != &cookie || !is_of_this_process(thread), 0)) return;
  thread.reserved = end;
  // Pairs with the collector's acquire load of head: records, nodes and modules before it are visible.
  thread.ring->head.store(end, std::memory_order_release);
  if (__builtin_expect(((begin ^ end) & (g_region.ring_records / 4)) != 0, 0)) ring_at_quarter(thread);
  // Last: as long as it is set, nobody takes the region away under our feet.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  thread.guard = nullptr;
}

}  // namespace memprof::preload
