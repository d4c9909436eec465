#include "preload/recorder.hpp"

#include <signal.h>

#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/ring_writer.hpp"
#include "preload/stack_tree.hpp"
#include "preload/sys.hpp"
#include "preload/unwind_check.hpp"

namespace memprof::preload {

namespace {

[[gnu::always_inline]] inline bool attached(const ThreadState& thread) {
  return thread.generation == g_process->generation.load(std::memory_order_relaxed) && thread.ring != nullptr;
}

/// Whether the guard belongs to a hook that is still at work, so that we are in a signal handler that has interrupted
/// it: then its frame is an outer one of `here`, the stack pointer of the present hook's caller. Else the hook was left
/// by siglongjmp. Rare, so a system call does no harm.
bool hook_at_work(const ThreadState& thread, std::uintptr_t here) {
  const auto guard = reinterpret_cast<std::uintptr_t>(thread.guard);
  stack_t alternate{};
  if (sys::call(SYS_sigaltstack, 0, sys::as_long(&alternate)) == 0 && (alternate.ss_flags & SS_DISABLE) == 0) {
    const bool here_on_it = (alternate.ss_flags & SS_ONSTACK) != 0;
    const bool guard_on_it = guard - reinterpret_cast<std::uintptr_t>(alternate.ss_sp) < alternate.ss_size;
    if (here_on_it != guard_on_it) return here_on_it;
  }
  // Above `here` the stack is mapped, so the cookie may be read.
  return here <= guard && *thread.guard == kGuardCookie;
}

[[gnu::always_inline]] inline std::uintptr_t own_frame() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

/// The slow way to a ring for an event: when the thread's own one has its guard set or is not attached. The first of
/// its rings on which no hook is at work; null when there is none, or nothing is recorded: the event is counted as
/// lost.
[[gnu::noinline]] ThreadState* find_ring(std::uintptr_t here, bool may_attach) {
  for (ThreadState* thread = g_thread; thread != g_thread + kRingsOfThread; ++thread) {
    if (thread->guard != nullptr) {
      if (hook_at_work(*thread, here)) continue;
      abandon_event(*thread);
      if (thread->unwind != nullptr) reset(*thread->unwind);
    }
    if (!attached(*thread) && !(may_attach && attach_thread(*thread))) return nullptr;
    if (thread != g_thread) g_region.header->nested_events.fetch_add(1, std::memory_order_relaxed);
    return thread;
  }
  if (g_region.header != nullptr) g_region.header->nested_dropped.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

[[gnu::always_inline]] inline ThreadState* ring_for_event(std::uintptr_t here, bool may_attach = true) {
  ThreadState* const own = g_thread;
  const bool usable = attached(*own) && own->guard == nullptr;
  return __builtin_expect(usable, 1) ? own : find_ring(here, may_attach);
}

/// Between memprof_pause() and memprof_resume(): that a block is there is told, so that its free makes sense later.
[[gnu::noinline]] void record_unrecorded(const void* block, std::uint64_t size, std::uintptr_t here) {
  ThreadState* const thread = ring_for_event(here);
  volatile std::uint64_t cookie;
  if (thread == nullptr || !begin_event(*thread, cookie)) return;
  end_event(*thread, cookie, wire::Operation::kAlloc, static_cast<wire::Hook>(wire::kUnrecordedHook),
            reinterpret_cast<std::uintptr_t>(block), size, wire::kRootComplete);
}

/// An event that the straight path is not for.
[[gnu::noinline]] wire::StackId record_otherwise(std::uint64_t kind, const void* block, std::uint64_t size,
                                                 std::uintptr_t return_address, std::uintptr_t stack_pointer,
                                                 std::uintptr_t frame_pointer) {
  const wire::Record parts{kind, 0, 0};
  const auto hook = static_cast<wire::Hook>(parts.hook_or_mark());
  const wire::Operation operation = parts.operation();
  if (__builtin_expect(g_paused != 0, 0) && !is_mapped_domain(hook) &&
      (operation == wire::Operation::kAlloc || operation == wire::Operation::kAllocFail)) {
    if (operation == wire::Operation::kAlloc) record_unrecorded(block, size, stack_pointer);
    return wire::kRootComplete;
  }
  ThreadState* const thread = ring_for_event(stack_pointer);
  if (__builtin_expect(thread == nullptr, 0)) return wire::kRootLost;
  volatile std::uint64_t cookie;
  if (!begin_event(*thread, cookie)) return wire::kRootLost;
  const bool timed = thread->reserved == next_timed(thread->reserved);
  const std::uint64_t begin_ticks = timed ? now_ticks() : 0;
  const CallerRegisters caller{return_address, stack_pointer, frame_pointer};
  const wire::StackId stack =
      capture_stack(thread->unwind, caller, g_region.max_depth, g_stacks, g_modules, *g_region.header);
  end_event(*thread, cookie, operation, hook, reinterpret_cast<std::uintptr_t>(block), size, stack);
  if (timed) {
    g_region.header->hook_ticks.fetch_add((now_ticks() - begin_ticks) * kTimedEvery, std::memory_order_relaxed);
  }
  return stack;
}

/// The rest of record_event() when the stack isn't the known one that was looked at first.
[[gnu::noinline]] wire::StackId record_unknown(volatile std::uint64_t& cookie, std::uint64_t kind, const void* block,
                                               std::uint64_t size, const CallerRegisters& caller) {
  ThreadState& thread = g_thread[0];
  const KnownStack* const known =
      thread.known->find_other(caller.stack_pointer, caller.return_address, caller.frame_pointer);
  const wire::StackId stack =
      known != nullptr ? checked(known->stack, caller, *g_region.header)
                       : walk_stack(thread.unwind, caller, g_region.max_depth, g_stacks, g_modules, *g_region.header);
  end_straight(thread, cookie, kind, reinterpret_cast<std::uintptr_t>(block), size, stack);
  return stack;
}

}  // namespace

wire::StackId record_event(std::uint64_t kind, const void* block, std::uint64_t size, std::uintptr_t return_address,
                           std::uintptr_t stack_pointer, std::uintptr_t frame_pointer) {
  ThreadState& thread = g_thread[0];
  volatile std::uint64_t cookie;
  if (__builtin_expect(!begin_straight(thread, size, cookie), 0)) {
    return record_otherwise(kind, block, size, return_address, stack_pointer, frame_pointer);
  }
  wire::StackId stack = wire::kRootComplete;
  if (__builtin_expect(g_region.max_depth != 0, 1)) {
    const KnownStack* const known = thread.known->find(stack_pointer, return_address, frame_pointer);
    if (__builtin_expect(known == nullptr, 0)) {
      return record_unknown(cookie, kind, block, size, {return_address, stack_pointer, frame_pointer});
    }
    stack = checked(known->stack, {return_address, stack_pointer, frame_pointer}, *g_region.header);
  }
  end_straight(thread, cookie, kind, reinterpret_cast<std::uintptr_t>(block), size, stack);
  return stack;
}

void record_again(wire::Operation operation, wire::Hook hook, const void* block, std::uint64_t size,
                  wire::StackId stack) {
  volatile std::uint64_t cookie;
  if (__builtin_expect(begin_straight(g_thread[0], size, cookie), 1)) {
    const std::uint64_t kind = wire::Record::make_kind(operation, static_cast<std::uint8_t>(hook));
    return end_straight(g_thread[0], cookie, kind, reinterpret_cast<std::uintptr_t>(block), size, stack);
  }
  // The free of the old block was recorded, and counts for the place where it happened.
  if (__builtin_expect(g_paused != 0, 0) && operation == wire::Operation::kReallocEnd && !is_mapped_domain(hook)) {
    hook = static_cast<wire::Hook>(wire::kUnrecordedHook);
  }
  // Not attached: recording ended between the two, or a signal handler has forked and the first one is the parent's.
  ThreadState* const thread = ring_for_event(own_frame(), false);
  if (thread == nullptr || !begin_event(*thread, cookie)) return;
  end_event(*thread, cookie, operation, hook, reinterpret_cast<std::uintptr_t>(block), size, stack);
}

bool record_mark(wire::Mark mark, std::uint64_t address, std::uint64_t size) {
  ThreadState* const thread = ring_for_event(own_frame());
  return thread != nullptr && write_mark(*thread, mark, address, size);
}

bool ask_collector(wire::Mark question, std::uint64_t address, long patience_ns, Answer& answer) {
  ThreadState* const thread = ring_for_event(own_frame());
  if (thread == nullptr) return false;
  wire::RingHeader& ring = *thread->ring;
  const std::uint32_t number = ++ring.asked;
  if (!write_mark(*thread, question, address, number)) return false;
  wire::Header& header = *g_region.header;
  header.doorbell.fetch_add(1, std::memory_order_seq_cst);
  sys::futex_wake_all(header.doorbell);
  constexpr long kLookAgainNs = 100'000'000;
  const std::uint64_t deadline = sys::monotonic_ns() + static_cast<std::uint64_t>(patience_ns);
  for (;;) {
    // Pairs with the collector's release store after it has written the answer.
    const std::uint32_t answered = ring.answered.load(std::memory_order_acquire);
    if (answered == number) break;
    if (static_cast<std::int32_t>(answered - number) > 0) return false;  // a signal handler asked meanwhile
    if (sys::monotonic_ns() >= deadline || !collector_alive()) return false;
    sys::futex_wait(ring.answered, answered, kLookAgainNs);
  }
  answer.first = ring.answer[0].load(std::memory_order_relaxed);
  answer.second = ring.answer[1].load(std::memory_order_relaxed);
  answer.text = g_region.answers + static_cast<std::size_t>(&ring - g_region.rings) * wire::kAnswerBytes;
  return true;
}

}  // namespace memprof::preload
