#include "preload/recorder.hpp"

#include <signal.h>

#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/ring_writer.hpp"
#include "preload/stack_table.hpp"
#include "preload/sys.hpp"

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

/// For an event inside a hook: the first of the thread's other rings on which no hook is at work. Null: there is none,
/// and the event is lost and counted.
[[gnu::noinline]] ThreadState* ring_inside_hook(std::uintptr_t here) {
  for (ThreadState* thread = g_thread + 1; thread != g_thread + kRingsOfThread; ++thread) {
    if (!attached(*thread) && !attach_thread(*thread)) return nullptr;
    if (thread->guard != nullptr) {
      if (hook_at_work(*thread, here)) continue;
      abandon_event(*thread);
    }
    g_region.header->nested_events.fetch_add(1, std::memory_order_relaxed);
    return thread;
  }
  g_region.header->nested_dropped.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

/// The calling thread's own ring has its guard set: the ring to use instead, or the same one when the guard is stale.
[[gnu::noinline]] ThreadState* ring_despite_guard(std::uintptr_t here) {
  if (hook_at_work(g_thread[0], here)) return ring_inside_hook(here);
  abandon_event(g_thread[0]);
  if (g_thread[0].unwind != nullptr) reset(*g_thread[0].unwind);
  return &g_thread[0];
}

}  // namespace

wire::StackId record(wire::Operation operation, wire::Hook hook, const void* block, std::uint64_t size,
                     const CallerRegisters& caller) {
  ThreadState* thread = &g_thread[0];
  if (__builtin_expect(!attached(*thread), 0) && !attach_thread(*thread)) return wire::kRootLost;
  if (__builtin_expect(thread->guard != nullptr, 0)) {
    thread = ring_despite_guard(caller.stack_pointer);
    if (thread == nullptr) return wire::kRootLost;
  }
  volatile std::uint64_t cookie;
  if (!begin_event(*thread, cookie)) return wire::kRootLost;
  const wire::StackId stack = g_region.max_depth == 0 ? wire::kRootComplete
                                                      : capture_stack(thread->unwind, caller, g_region.max_depth,
                                                                      g_stacks, g_modules, *g_region.header);
  end_event(*thread, cookie, operation, hook, reinterpret_cast<std::uintptr_t>(block), size, stack);
  return stack;
}

void record_again(wire::Operation operation, wire::Hook hook, const void* block, std::uint64_t size,
                  wire::StackId stack) {
  ThreadState* thread = &g_thread[0];
  if (!attached(*thread)) return;  // recording ended between the two
  if (__builtin_expect(thread->guard != nullptr, 0)) {
    thread = ring_despite_guard(own_frame());
    if (thread == nullptr) return;
  }
  volatile std::uint64_t cookie;
  if (!begin_event(*thread, cookie)) return;
  end_event(*thread, cookie, operation, hook, reinterpret_cast<std::uintptr_t>(block), size, stack);
}

void record_mark(wire::Mark mark) {
  ThreadState& thread = g_thread[0];
  if (!attached(thread) && !attach_thread(thread)) return;
  if (thread.guard != nullptr) {
    if (hook_at_work(thread, own_frame())) return;
    abandon_event(thread);
  }
  write_mark(thread, mark, 0);
}

}  // namespace memprof::preload
