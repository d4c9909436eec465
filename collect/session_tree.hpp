#pragma once
// The processes of a session as they will stand in its index: who started whom, what each one did, and the heap of all
// together. Rows are added as memprof meets process images, and completed as these end.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "collect/captured_process.hpp"
#include "collect/tick_clock.hpp"
#include "collect/tree_heap.hpp"
#include "profile/process_tree.hpp"

namespace memprof::collect {

/// One thread, but for heap().
class SessionTree {
 public:
  using Row = std::uint32_t;

  SessionTree() : clock_(TickClock::best_source()) {}

  /// What is known of the image that begins. `forked_from` as in wire::Hello; `replaced`: what the same process was
  /// before. Nothing is expected of it until record() says so.
  Row begin(const Process& process, pid_t forked_from, std::optional<Row> replaced);
  /// It will have events from now on.
  void record(Row row);
  /// It has none, and why.
  void leave_out(Row row, const std::string& reason);

  /// Raw ticks of the session's clock.
  std::uint64_t now() const { return clock_.base() + clock_.now(); }
  /// The image has ended. `captured` is what was recorded of it, null: nothing; `gone` is when it was gone at the
  /// latest.
  void end(Row row, const Process& process, const CapturedProcess* captured, std::uint64_t gone);

  TreeHeap& heap() { return heap_; }

  /// When all have ended.
  [[nodiscard]] ProcessTree take();

 private:
  std::uint32_t row_of(pid_t pid) const;
  std::uint32_t find_parent(const Process& process, pid_t forked_from) const;

  TickClock clock_;
  TreeHeap heap_;
  ProcessTree tree_;
  std::unordered_map<pid_t, Row> latest_;  // image of each process
};

}  // namespace memprof::collect
