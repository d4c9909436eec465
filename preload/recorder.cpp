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

/// Whether the guard belongs to a hook that is still below us on this thread's stack, so that we are a signal handler.
/// Else the hook was left by siglongjmp. Rare, so a system call does no harm.
bool hook_at_work(const ThreadState& thread) {
  stack_t stack{};
  if (sys::call(SYS_sigaltstack, 0, sys::as_long(&stack)) == 0 && (stack.ss_flags & SS_ONSTACK) != 0) return true;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  // Above `here` the stack is mapped, so the cookie may be read.
  return here < reinterpret_cast<std::uintptr_t>(thread.guard) && *thread.guard == kGuardCookie;
}

[[gnu::noinline]] wire::StackId record_nested(ThreadState& thread, wire::Operation operation, wire::Hook hook,
                                              std::uint64_t address, std::uint64_t size,
                                              const CallerRegisters& caller) {
  // Without the memo: the interrupted hook may be in the middle of changing it.
  const wire::StackId stack = g_region.max_depth == 0 ? wire::kRootComplete
                                                      : capture_stack(nullptr, caller, g_region.max_depth, g_stacks,
                                                                      g_modules, *g_region.header);
  write_nested(thread, operation, hook, address, size, stack);
  return stack;
}

}  // namespace

wire::StackId record(wire::Operation operation, wire::Hook hook, const void* block, std::uint64_t size,
                     const CallerRegisters& caller) {
  ThreadState& thread = g_thread;
  if (__builtin_expect(!attached(thread), 0) && !attach_thread(thread)) return wire::kRootLost;
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  if (__builtin_expect(thread.guard != nullptr, 0)) {
    if (hook_at_work(thread)) return record_nested(thread, operation, hook, address, size, caller);
    abandon_unpublished(thread);
    if (thread.unwind != nullptr) reset(*thread.unwind);
  }
  volatile std::uint64_t cookie;
  if (!begin_event(thread, cookie)) return wire::kRootLost;
  const wire::StackId stack = g_region.max_depth == 0 ? wire::kRootComplete
                                                      : capture_stack(thread.unwind, caller, g_region.max_depth,
                                                                      g_stacks, g_modules, *g_region.header);
  end_event(thread, operation, hook, address, size, stack);
  return stack;
}

void record_again(wire::Operation operation, wire::Hook hook, const void* block, std::uint64_t size,
                  wire::StackId stack) {
  ThreadState& thread = g_thread;
  if (!attached(thread)) return;  // recording ended between the two
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  if (__builtin_expect(thread.guard != nullptr, 0)) {
    if (hook_at_work(thread)) return write_nested(thread, operation, hook, address, size, stack);
    abandon_unpublished(thread);
  }
  volatile std::uint64_t cookie;
  if (!begin_event(thread, cookie)) return;
  end_event(thread, operation, hook, address, size, stack);
}

void record_mark(wire::Mark mark) {
  ThreadState& thread = g_thread;
  if (!attached(thread) && !attach_thread(thread)) return;
  if (thread.guard != nullptr) {
    if (hook_at_work(thread)) return;
    abandon_unpublished(thread);
  }
  write_mark(thread, mark, 0);
}

}  // namespace memprof::preload
