#include "collect/session_snapshots.hpp"

#include <algorithm>
#include <utility>

#include "collect/control_message.hpp"

namespace memprof::collect {
namespace {

/// The client waits for it; when it has gone away the snapshot is there all the same.
void answer(const SnapshotOrder& order, const Totals& totals, const Result<std::string>& path) {
  if (!order.answer_to) return;
  send_message(order.answer_to.get(),
               path ? ControlMessage{std::string(kControlDone), *path, order.name, std::to_string(totals.live_bytes),
                                     std::to_string(totals.live_blocks)}
                    : failed_message(path.error()));
}

}  // namespace

SnapshotTaker SessionSnapshots::taker(Process process, bool started_process, Clock::time_point start) {
  // Nobody wants what the program asks for, and there are no clients.
  if (!writer_) return nullptr;
  return [this, process = std::move(process), started_process, start](FrozenProcess&& frozen, SnapshotOrder&& order) {
    Job job{process, std::move(frozen), std::move(order)};
    job.order.of_started_process = started_process;
    job.process.duration_s = std::chrono::duration<double>(Clock::now() - start).count();
    job.process.end_kind = EndKind::kStillRunning;
    put(std::move(job));
  };
}

bool SessionSnapshots::idle() {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && !writing_;
}

void SessionSnapshots::put(Job&& job) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.wait(lock, [this] { return queue_.size() < kMostQueued; });
  queue_.push_back(std::move(job));
  changed_.notify_all();
}

void SessionSnapshots::finish() {
  {
    const std::lock_guard lock(mutex_);
    last_one_queued_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SessionSnapshots::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !queue_.empty() || last_one_queued_; });
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    lock.unlock();
    changed_.notify_all();
    write(std::move(job));
    lock.lock();
    writing_ = false;
  }
}

void SessionSnapshots::write(Job&& job) {
  CapturedProcess captured = std::move(job.frozen).thaw();
  captured.process = std::move(job.process);
  if (job.order.kind == SnapshotKind::kPeak) {
    if (captured.trivial() && !job.order.of_started_process) return;
    captured.process.duration_s = std::min(captured.process.duration_s, captured.snapshot.time_s);
  }
  captured.snapshot.kind = job.order.kind;
  captured.snapshot.name = job.order.name;
  const Totals totals = captured.totals;
  answer(job.order, totals, writer_(std::move(captured), job.order));
}

}  // namespace memprof::collect
