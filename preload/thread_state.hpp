#pragma once
// What one thread knows of its rings. Thread-local, plain data in the initial-exec model (no call to __tls_get_addr,
// which may allocate), no destructor: a thread that has torn down its own thread-locals may still call free.

#include <cstdint>

#include "preload/unwinder.hpp"
#include "wire/region.hpp"

namespace memprof::preload {

/// A hook at work keeps this value in its stack frame. Once the frame is gone (siglongjmp) it is soon overwritten.
inline constexpr std::uint64_t kGuardCookie = 0x6d65'6d70'726f'6621u;

struct ThreadState {
  std::uint64_t generation;  ///< of the process (ProcessPage) for which the rest is valid; 0: no ring yet
  wire::RingHeader* ring;    ///< null: no ring was to be had, events are dropped and counted
  wire::Record* records;
  std::uint64_t reserved;                  ///< the record that is written next; ring->head but for a moment
  std::uint64_t straight_end;              ///< records before this one are written without another look (make_room())
  volatile std::uint64_t* volatile guard;  ///< kGuardCookie in the frame of the hook at work on this ring; null: none
  ThreadUnwindState* unwind;               ///< null: no memory, stacks are walked without memo
  KnownStacks* known;                      ///< part of `unwind`; null: none
};
static_assert(sizeof(ThreadState) == 64);

/// Of each thread: the ring of its own events, of those that signal handlers make inside hooks, and of those that they
/// make inside hooks that are inside hooks. Most threads never need but the first.
inline constexpr int kRingsOfThread = 3;
extern constinit thread_local ThreadState g_thread[kRingsOfThread];

/// How often more the calling thread was paused than resumed. Once it rises, `straight_end` has to fall
/// (pause_counting()).
extern constinit thread_local std::uint32_t g_paused;

/// What the calling thread allocates from now on is not to be counted, until resume_counting() was called as often.
inline void pause_counting() {
  ++g_paused;
  g_thread[0].straight_end = 0;
}
inline void resume_counting() { --g_paused; }

/// Gets `thread`, one of g_thread, a ring. False when this process is not recorded or no ring is free (then counted).
bool attach_thread(ThreadState& thread);

/// Whether the calling thread is in a signal handler inside a hook, or was when it forked.
bool is_inside_hook();

/// Forgets all rings: the process has a new region.
void reset_thread_slots();

}  // namespace memprof::preload
