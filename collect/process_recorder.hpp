#pragma once
// Records one process image: owns its region, drains it on a thread of its own, and ends with a CapturedProcess.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "collect/captured_process.hpp"
#include "collect/frozen_process.hpp"
#include "collect/snapshot_order.hpp"
#include "collect/tree_heap.hpp"
#include "profile/result.hpp"
#include "wire/region.hpp"

namespace memprof::collect {

struct RecorderOptions {
  wire::Capacity capacity = wire::kUsualCapacity;
  std::uint32_t max_depth = 16384;
  wire::FullRing full_ring = wire::FullRing::kWait;
  bool forked = false;     ///< unknown frees are then frees of the parent's blocks
  bool keep_peak = false;  ///< finish() also gives the taker a snapshot of the moment when the heap was largest
  /// Threads that may work on the live set at once when events come faster than one can book them. The figures do not
  /// depend on it. 0: half the processors, at most 4.
  unsigned resolve_threads = 0;
  /// Where the process counts towards the whole tree's peak, as this member; null: nowhere. The caller joins it before
  /// and makes it leave after finish().
  TreeHeap* tree = nullptr;
  TreeHeap::Member member = 0;
};

/// A moment's figures; may be read from any thread.
struct RecorderStatus {
  std::uint64_t live_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t events = 0;
  std::uint64_t snapshots = 0;  ///< taken so far
};

/// Called on the recorder's own thread, while the rings fill: it should only put things away.
using SnapshotTaker = std::function<void(FrozenProcess&&, SnapshotOrder&&)>;

class ProcessRecorder {
 public:
  /// Makes the region (a sealed-size, sparse memfd with its header filled in) and the drain thread, which holds the
  /// region's collector lock until finish() or destruction.
  [[nodiscard]] static Result<std::unique_ptr<ProcessRecorder>> create(const RecorderOptions& options);
  ~ProcessRecorder();
  ProcessRecorder(const ProcessRecorder&) = delete;
  ProcessRecorder& operator=(const ProcessRecorder&) = delete;

  /// To send to the target; stays owned by the recorder and may be closed with release_descriptor() once sent.
  int descriptor() const;
  void release_descriptor();
  std::uint64_t region_bytes() const;

  /// Who gets the snapshots. Call it before start().
  void on_snapshot(SnapshotTaker taker);

  /// Starts draining. `pid` is for RSS, module files and thread names under /proc.
  void start(pid_t pid);
  RecorderStatus status() const;

  /// Has the state of the process frozen and given to the taker, soon: with all events up to now, and perhaps later
  /// ones. The process runs on; it waits only if a ring of its fills up while its sites are copied (about 50 ns each).
  /// An order that finish() overtakes is dropped. Any thread.
  void request_snapshot(SnapshotOrder order);

  /// Call when the process image has ended (or shall no longer be followed): drains what is left, stops the thread,
  /// and gives up the collector lock, so that a target which still runs stops recording. Fills in everything but
  /// Process, which the caller knows, and the sites, which may still be put together by a thread that is waited for
  /// when the recorder goes. Call it once, from any thread.
  [[nodiscard]] CapturedProcess finish();

 private:
  struct State;
  explicit ProcessRecorder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace memprof::collect
