#pragma once
// What threads did between memprof_scope_begin() and _end(): sums by name and nesting, and the longest single calls.
//
// A scope counts the allocations and frees of its own thread. How much of that it had at once is its own peak: the
// highest level of "allocated minus freed" since it began. Only the innermost open scope of a thread watches that
// level; when it ends, what it has seen is handed to the one around it. So an event costs the same at every depth.

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace memprof::collect {

/// What a thread has allocated and freed since its start.
struct ThreadFlow {
  std::uint64_t allocations = 0, allocated_bytes = 0;
  std::uint64_t frees = 0, freed_bytes = 0;
  std::int64_t net_bytes() const { return static_cast<std::int64_t>(allocated_bytes - freed_bytes); }
};

class ScopeLog {
 public:
  static constexpr std::uint32_t kNoRow = 0xffff'ffffu;
  static constexpr std::size_t kMaxRows = 1 << 16;
  static constexpr std::size_t kMaxDepth = 256;  ///< scopes that are nested deeper, or come after kMaxRows, count for
                                                 ///< those around them only
  static constexpr std::size_t kMaxCalls = 4096;

  struct Row {
    std::uint32_t parent = kNoRow;
    std::uint32_t name = 0;
    std::uint32_t thread = 0;
    std::uint64_t calls = 0, unended_calls = 0;
    std::uint64_t ticks = 0;
    ThreadFlow flow;
    std::uint64_t peak_bytes = 0;
  };
  struct Call {
    std::uint32_t row = 0;
    std::uint64_t begin = 0, end = 0;  ///< ticks
    std::int64_t net_bytes = 0;
    std::uint64_t peak_bytes = 0, highest_heap = 0;
  };

  /// `now` is what the thread had done by then.
  void begin(std::uint32_t thread, std::uint32_t name, std::uint64_t ticks, const ThreadFlow& now);
  /// Ends the innermost open scope of that name, and those inside it, which longjmp has left; without such a scope it
  /// means nothing.
  void end(std::uint32_t thread, std::uint32_t name, std::uint64_t ticks, const ThreadFlow& now);
  /// The thread has ended.
  void end_all(std::uint32_t thread, std::uint64_t ticks, const ThreadFlow& now);

  /// Whether anybody wants to hear of events.
  bool any_open() const { return open_count_ != 0; }
  /// After an event of the thread; `heap` is the live heap of the process.
  void note(std::uint32_t thread, std::int64_t net_bytes, std::uint64_t heap);

  /// Ends what is open, as unended; puts the calls in order. `flow_of(thread)` tells what it has done.
  template <typename FlowOf>
  void finish(std::uint64_t ticks, const FlowOf& flow_of) {
    for (std::uint32_t thread = 0; thread < open_.size(); ++thread) {
      while (!open_[thread].empty()) close(thread, ticks, flow_of(thread), true);
    }
    sort_calls();
  }

  const std::vector<Row>& rows() const { return rows_; }
  const std::vector<Call>& calls() const { return calls_; }  ///< after finish(): by begin

 private:
  struct Open {
    std::uint32_t row = kNoRow;  ///< kNoRow: too deep or too many
    std::uint32_t name = 0;
    std::uint64_t begin = 0;
    ThreadFlow before;
    std::int64_t highest_net = 0;
    std::uint64_t highest_heap = 0;
  };

  std::uint32_t row_of(std::uint32_t thread, std::uint32_t parent, std::uint32_t name);
  void close(std::uint32_t thread, std::uint64_t ticks, const ThreadFlow& now, bool unended);
  void keep_longest_calls();
  void sort_calls();

  std::vector<Row> rows_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> index_;  ///< thread, parent, name
  std::vector<Call> calls_;
  std::vector<std::vector<Open>> open_;  ///< by thread, the innermost last
  std::size_t open_count_ = 0;
};

}  // namespace memprof::collect
