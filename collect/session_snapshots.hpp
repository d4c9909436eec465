#pragma once
// Writes the snapshots of a session, one after the other on a thread of its own, while the recorders go on.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "collect/captured_process.hpp"
#include "collect/process_recorder.hpp"
#include "collect/snapshot_order.hpp"
#include "profile/result.hpp"

namespace memprof::collect {

/// Writes a snapshot's profile and returns its path. Called on the thread of SessionSnapshots.
using SnapshotWriter = std::function<Result<std::string>(CapturedProcess&&, const SnapshotOrder&)>;

class SessionSnapshots {
 public:
  using Clock = std::chrono::steady_clock;

  /// Without a writer, snapshots that the program asks for are not taken.
  explicit SessionSnapshots(SnapshotWriter writer) : writer_(std::move(writer)) {}
  ~SessionSnapshots() { finish(); }
  SessionSnapshots(const SessionSnapshots&) = delete;
  SessionSnapshots& operator=(const SessionSnapshots&) = delete;

  /// For a process as it is described at its start; `start` is when that was. Any thread may call what comes back. It
  /// waits while kMostQueued snapshots are waiting, so that memory is bounded; the process then waits, too, once its
  /// rings are full.
  [[nodiscard]] SnapshotTaker taker(Process process, bool started_process, Clock::time_point start);

  /// Nothing waits and nothing is being written.
  [[nodiscard]] bool idle();

  /// Returns when all is written. No taker may be called afterwards.
  void finish();

 private:
  static constexpr std::size_t kMostQueued = 8;

  struct Job {
    Process process;
    FrozenProcess frozen;
    SnapshotOrder order;
  };

  void put(Job&& job);
  void work();
  void write(Job&& job);

  SnapshotWriter writer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  bool writing_ = false, last_one_queued_ = false;
  std::thread thread_;
};

}  // namespace memprof::collect
