#pragma once
// What one thread knows of its ring. Thread-local, plain data in the initial-exec model (no call to __tls_get_addr,
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
  std::uint64_t reserved;                  ///< next record to reserve; changed only by ring_writer's reserve()
  std::uint64_t seen_tail;                 ///< the ring's tail when last looked at
  volatile std::uint64_t* volatile guard;  ///< kGuardCookie in the frame of the hook at work on this ring; null: none
  ThreadUnwindState* unwind;               ///< null: no memory, stacks are walked without memo
};

extern constinit thread_local ThreadState g_thread;

/// Gets the calling thread a ring. False when this process is not recorded or no ring is free (then counted).
bool attach_thread(ThreadState& thread);

/// Forgets all rings: the process has a new region.
void reset_thread_slots();

}  // namespace memprof::preload
