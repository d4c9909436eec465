#pragma once
// Resolves large batches with several threads, each on its own part of the live set's shards. The result is the same
// for any number of threads: events of one address are always resolved by one thread, in order.

#include <atomic>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "collect/live_set.hpp"

namespace memprof::collect {

class ResolveTeam {
 public:
  /// `threads` counts the calling one. Helpers start with the first batch that needs them.
  ResolveTeam(LiveSet& live_set, Relocations& relocations, unsigned threads);
  ~ResolveTeam();
  ResolveTeam(const ResolveTeam&) = delete;
  ResolveTeam& operator=(const ResolveTeam&) = delete;

  bool has_helpers() const { return threads_ > 1; }

  /// With all threads when `share` says so. Throws std::bad_alloc.
  void resolve(std::span<Event> events, bool share);

 private:
  void start_helpers();
  void help(unsigned part);
  void resolve_part(unsigned part);

  LiveSet& live_set_;
  Relocations& relocations_;
  unsigned threads_;
  std::span<Event> events_;                ///< of the batch at hand; written before batch_ is
  std::atomic<std::uint32_t> batch_{0};    ///< rises with each shared batch: the helpers' signal to begin
  std::atomic<std::uint32_t> pending_{0};  ///< helpers that are still at it
  std::atomic<bool> out_of_memory_{false};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> helpers_;
};

}  // namespace memprof::collect
