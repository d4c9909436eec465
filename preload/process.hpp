#pragma once
// The life of this process image as the collector sees it: connected once on the first event, again in every child of
// fork (however it was forked), never when there is no collector.
//
// What must not be mistaken for the parent's after a fork lives on one page that the kernel wipes in the child
// (MADV_WIPEONFORK): a child finds generation 0 there without a system call, handler or lock. A child of vfork shares
// the page, and with it the recording, of its suspended parent.

#include <atomic>
#include <cstdint>

#include "wire/region.hpp"

namespace memprof::preload {

enum class ProcessState : std::uint32_t {
  kUnattached = 0,  ///< also what a child of fork finds
  kAttaching = 1,   ///< a thread is talking to the collector; others wait for it
  kRecording = 2,
  kOff = 3,  ///< no collector, refused, or the collector is gone
};

struct ProcessPage {
  /// Same value as ThreadState::generation in each thread that may record; 0 when nobody may.
  std::atomic<std::uint64_t> generation;
  std::atomic<ProcessState> state;
};

extern ProcessPage* g_process;  // never null

/// The mapped region with its collector-given values, copied once; valid while recording.
struct Region {
  wire::Header* header = nullptr;
  wire::RingHeader* rings = nullptr;
  wire::ModuleRecord* modules = nullptr;
  char* paths = nullptr;
  char* answers = nullptr;
  wire::StackNode* nodes = nullptr;
  wire::Record* records = nullptr;
  std::uint64_t region_bytes = 0;
  std::uint32_t ring_count = 0;
  std::uint32_t ring_records = 0;
  std::uint32_t module_capacity = 0;
  std::uint32_t path_bytes = 0;
  std::uint32_t node_capacity = 0;
  std::uint32_t max_depth = 0;
  bool drop_when_full = false;
  bool tsc = false;
  std::uint64_t clock_base = 0;
};
extern Region g_region;

/// Whether this process image is recorded; connects it if that has not been tried yet.
bool is_recording();

/// Connects this process image if that has not been tried yet. True: recording. Waits while another thread connects.
bool attach_process();

/// Whether this process began as a copy of another one, by whatever kind of fork.
bool is_forked();

/// The collector is gone: nothing is recorded from now on.
void stop_recording();

/// Whether a collector thread still holds the region's lock (wire::Header::collector_lock_word).
bool collector_alive();

}  // namespace memprof::preload
