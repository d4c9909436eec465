#include "preload/thread_state.hpp"

#include "preload/clock.hpp"
#include "preload/process.hpp"
#include "preload/ring_writer.hpp"
#include "preload/sys.hpp"

namespace memprof::preload {

constinit thread_local ThreadState g_thread[kRingsOfThread]{};
constinit thread_local std::uint32_t g_paused = 0;

namespace {

constexpr std::uint32_t kMaxRings = wire::kUsualCapacity.ring_count;
constexpr std::uint32_t kProbes = 8;  // rings looked at for a dead owner before an unused ring is taken

/// Unwinding memory goes with the ring: it is handed on with it, also to the same slot of a forked child.
ThreadUnwindState* g_unwind_states[kMaxRings];
std::atomic<std::uint32_t> g_next_probe{0};
std::int32_t g_process_id = 0;  // of the process whose rings these are, as opposed to its vfork children

constexpr std::uint32_t tid_of(std::uint64_t owner) { return static_cast<std::uint32_t>(owner); }
constexpr std::uint64_t next_claim(std::uint64_t owner, std::uint32_t tid) { return ((owner >> 32) + 1) << 32 | tid; }

std::uint32_t ring_limit() { return g_region.ring_count < kMaxRings ? g_region.ring_count : kMaxRings; }

/// In place of the tid of a thread whose first event came in its vfork child, which can't tell its parent's tid: such a
/// ring is inherited by nobody. (No thread has this number, and the kernel does not say that there is none.)
constexpr std::uint32_t kOwnerUnknown = 0xffff'ffff;

/// Whether the calling thread uses the ring already, for other events.
bool is_own_ring(std::uint32_t index) {
  for (const ThreadState& other : g_thread) {
    if (other.ring == &g_region.rings[index]) return true;
  }
  return false;
}

/// Takes ring `index` over from a thread that is gone. The number of claims in the owner word keeps two heirs apart.
bool inherit(std::uint32_t index, std::uint32_t tid) {
  std::atomic<std::uint64_t>& owner = g_region.rings[index].owner;
  std::uint64_t current = owner.load(std::memory_order_acquire);
  if (tid_of(current) == 0) return false;  // being claimed for the first time
  if (is_own_ring(index)) return false;
  // Another ring with our own tid belonged to an earlier thread of that number.
  if ((tid_of(current) != tid || tid == kOwnerUnknown) &&
      sys::thread_exists(g_process_id, static_cast<std::int32_t>(tid_of(current)))) {
    return false;
  }
  return owner.compare_exchange_strong(current, next_claim(current, tid), std::memory_order_acq_rel);
}

/// Index of a ring that is now the calling thread's, or ring_limit().
std::uint32_t claim_ring(std::uint32_t tid) {
  const std::uint32_t limit = ring_limit();
  std::atomic<std::uint32_t>& used = g_region.header->rings_used;
  std::uint32_t count = used.load(std::memory_order_acquire);
  for (std::uint32_t probe = 0; probe < kProbes && probe < count && count <= limit; ++probe) {
    const std::uint32_t index = g_next_probe.fetch_add(1, std::memory_order_relaxed) % count;
    if (inherit(index, tid)) return index;
  }
  while (count < limit) {
    if (!used.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) continue;
    g_region.rings[count].owner.store(next_claim(0, tid), std::memory_order_release);
    return count;
  }
  for (std::uint32_t index = 0; index < limit; ++index) {
    if (inherit(index, tid)) return index;
  }
  return limit;
}

ThreadUnwindState* unwind_state_of(std::uint32_t index) {
  ThreadUnwindState*& state = g_unwind_states[index];
  if (state != nullptr) {
    reset(*state);
  } else if (void* const memory = sys::map_private(kThreadUnwindBytes)) {
    state = make_thread_unwind_state(memory, kThreadUnwindBytes);
  } else if (void* const little = sys::map_private(kSmallThreadUnwindBytes)) {
    state = make_thread_unwind_state(little, kSmallThreadUnwindBytes);
  }
  return state;
}

}  // namespace

bool attach_thread(ThreadState& thread) {
  // Every event of a process that isn't recorded comes here: without a system call.
  if (g_process->state.load(std::memory_order_relaxed) == ProcessState::kOff) return false;
  // A handler that allocates between two of the steps below would attach the thread a second time.
  const sys::SignalsBlocked no_handler_meanwhile;
  if (g_process->state.load(std::memory_order_acquire) != ProcessState::kRecording && !attach_process()) return false;
  const std::uint64_t generation = g_process->generation.load(std::memory_order_acquire);
  if (generation == 0) return false;
  if (thread.generation == generation) {
    if (thread.ring != nullptr) return true;  // a handler came in before its signal was blocked, and has done it all
    // There was no ring to be had.
    g_region.header->dropped_events.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  thread.guard = nullptr;
  thread.ring = nullptr;
  thread.straight_end = 0;
  const auto tid = static_cast<std::uint32_t>(sys::thread_id());
  const std::uint32_t index = claim_ring(sys::process_id() == g_process_id ? tid : kOwnerUnknown);
  if (index == ring_limit()) {
    g_region.header->dropped_events.fetch_add(1, std::memory_order_relaxed);
    thread.generation = generation;
    return false;
  }
  if (index != 0) share_clock();  // ring 0 is the first thread's, or its heir's, which has the order of the ring
  thread.records = g_region.records + std::uint64_t{index} * g_region.ring_records;
  // Inside another hook there is no memo: that hook may be in the middle of changing it.
  thread.unwind = &thread == &g_thread[0] ? unwind_state_of(index) : nullptr;
  thread.known = thread.unwind != nullptr ? known_stacks(*thread.unwind) : nullptr;
  thread.reserved = g_region.rings[index].head.load(std::memory_order_acquire);
  thread.ring = &g_region.rings[index];
  thread.generation = generation;
  // The other rings are for signal handlers, which may be on a stack of their own.
  const auto stack_pointer = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  write_mark(thread, wire::Mark::kThread, tid, &thread == g_thread ? stack_pointer : 0);
  return true;
}

bool is_inside_hook() {
  for (const ThreadState& thread : g_thread) {
    if (thread.guard != nullptr) return true;
  }
  return false;
}

void reset_thread_slots() {
  g_next_probe.store(0, std::memory_order_relaxed);
  g_process_id = sys::process_id();
}

}  // namespace memprof::preload
