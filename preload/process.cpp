#include "preload/process.hpp"

#include <sys/mman.h>

#include "preload/clock.hpp"
#include "preload/handshake.hpp"
#include "preload/module_list.hpp"
#include "preload/session.hpp"
#include "preload/stack_tree.hpp"
#include "preload/sys.hpp"
#include "preload/text_table.hpp"
#include "preload/thread_state.hpp"
#include "wire/handshake.hpp"

namespace memprof::preload {

namespace {
ProcessPage g_before_first_event;  // stands in until the wipe-on-fork page is mapped; generation 0
std::atomic<bool> g_page_mapped{false};
std::uint64_t g_last_generation = 0;  // survives fork, unlike the page, so that no generation comes twice
std::int32_t g_last_recorded = 0;     // pid of the process that attached last: after a fork, an ancestor
}  // namespace

ProcessPage* g_process = &g_before_first_event;
Region g_region;
std::atomic<Clock> g_clock{Clock::kMonotonic};

namespace {

/// Kernels before 4.14 cannot wipe on fork; there a child could not be told from its parent, so nothing is recorded.
bool map_process_page() {
  bool expected = false;
  if (!g_page_mapped.compare_exchange_strong(expected, true)) return g_process != &g_before_first_event;
  void* const page = sys::map_private(wire::kPage);
  if (page == nullptr) return false;
  if (sys::advise(page, wire::kPage, MADV_WIPEONFORK) < 0) {
    sys::unmap(page, wire::kPage);
    return false;
  }
  g_process = static_cast<ProcessPage*>(page);
  return true;
}

bool wait_for_attaching_thread() {
  // The word is on a private page, so a FUTEX_WAIT would be possible too; attaching is rare and takes microseconds.
  while (g_process->state.load(std::memory_order_acquire) == ProcessState::kAttaching) {
    sys::call(SYS_sched_yield);
  }
  return g_process->state.load(std::memory_order_acquire) == ProcessState::kRecording;
}

/// After a fork: what was mapped is the parent's, and its rings must never be written to by two. If a signal handler
/// has forked in the middle of a hook, that hook will go on with the addresses that it has got there: so they stay
/// valid.
void let_go_of_parents_region(bool in_use) {
  if (g_region.header == nullptr) return;
  if (in_use) {
    sys::replace_by_zeros(g_region.header, g_region.region_bytes);
  } else {
    sys::unmap(g_region.header, g_region.region_bytes);
  }
}

void start_recording(const Region& region) {
  const bool in_use = is_inside_hook();
  let_go_of_parents_region(in_use);
  g_region = region;
  start_clock();
  g_stacks.reset();
  g_modules.reset();
  reset_texts();
  reset_thread_slots();
  g_last_recorded = sys::process_id();
  g_process->generation.store(++g_last_generation, std::memory_order_release);
  g_process->state.store(ProcessState::kRecording, std::memory_order_release);
}

/// A child by fork of a program that is not to be recorded, or whose children are not, is not worth a word.
bool connect_as_wished(Region& region) {
  const bool forked = g_last_generation != 0 || sys::process_id() != g_session.image_pid;
  if (forked && (!g_session.follow || !g_session.selected)) return false;
  if (g_session.selected) {
    return connect_and_map(forked ? wire::Origin::kFork : wire::Origin::kExec, g_last_recorded, region);
  }
  connect_to_be_listed();
  return false;
}

}  // namespace

bool attach_process() {
  const sys::SignalsBlocked no_handler_meanwhile;
  if (!map_process_page()) return false;
  ProcessState expected = ProcessState::kUnattached;
  if (!g_process->state.compare_exchange_strong(expected, ProcessState::kAttaching, std::memory_order_acq_rel)) {
    return expected == ProcessState::kRecording ||
           (expected == ProcessState::kAttaching && wait_for_attaching_thread());
  }
  Region region;
  const bool mapped = find_session() && connect_as_wished(region);
  if (mapped) {
    start_recording(region);
  } else {
    g_process->state.store(ProcessState::kOff, std::memory_order_release);
  }
  return mapped;
}

bool is_recording() {
  return g_process->state.load(std::memory_order_acquire) == ProcessState::kRecording || attach_process();
}

bool is_forked() { return g_last_generation > 1; }

void stop_recording() {
  g_region.header->recording_stopped.store(1, std::memory_order_relaxed);
  g_process->generation.store(0, std::memory_order_release);
  g_process->state.store(ProcessState::kOff, std::memory_order_release);
}

bool collector_alive() {
  const std::uint32_t word = g_region.header->collector_lock_word.load(std::memory_order_acquire);
  return word != 0 && (word & wire::kOwnerDied) == 0;
}

}  // namespace memprof::preload
