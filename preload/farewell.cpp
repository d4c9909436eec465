// The end of a process that goes through exit(). Nothing ends with it (recording goes on until the process is gone); it
// tells what glibc's malloc holds, and gives the collector a moment to look where the memory is, if that has asked.

#include "preload/hook_caller.hpp"
#include "preload/process.hpp"
#include "preload/real_functions.hpp"
#include "preload/ring_writer.hpp"
#include "preload/sys.hpp"
#include "preload/thread_state.hpp"

namespace memprof::preload {
namespace {

constexpr long kPatienceNs = 100'000'000;

std::uint32_t word(wire::Farewell farewell) { return static_cast<std::uint32_t>(farewell); }

/// mallinfo2 takes the locks of malloc's arenas. Whoever calls exit() in a signal handler may hold one already, so with
/// any signal blocked, as that of a handler is, it is not called; nor in children of fork, where the thread that held
/// one may be gone. Other threads hold theirs for an instant only.
bool may_ask_allocator() {
  if (g_get_allocator_figures == nullptr || g_thread[0].guard != nullptr || is_forked()) return false;
  std::uint64_t blocked = ~std::uint64_t{0};
  sys::call(SYS_rt_sigprocmask, 0, 0, sys::as_long(&blocked), sizeof(blocked));
  return blocked == 0;
}

[[gnu::destructor]] void say_farewell() {
  if (g_process->state.load(std::memory_order_acquire) != ProcessState::kRecording) return;
  wire::Header& header = *g_region.header;
  if (header.farewell.load(std::memory_order_acquire) != word(wire::Farewell::kAsked)) return;
  if (may_ask_allocator()) {
    const AllocatorFigures figures = g_get_allocator_figures();
    header.allocator_held.store(figures.heap_bytes + figures.map_bytes, std::memory_order_relaxed);
    header.allocator_free.store(figures.free_bytes, std::memory_order_relaxed);
  }
  header.farewell.store(word(wire::Farewell::kSaid), std::memory_order_seq_cst);
  ring_doorbell();
  sys::futex_wait(header.farewell, word(wire::Farewell::kSaid), kPatienceNs);
}

}  // namespace
}  // namespace memprof::preload
