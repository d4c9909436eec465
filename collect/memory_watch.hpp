#pragma once
// Looks at where a target's resident memory is: when it has become notably more and stays so for a moment, or very much
// more, from time to time, and when the target says that it is about to end. The looks cost the target nothing but a
// lock of its address space for as long as the kernel writes the list, and no more than a twentieth of the processor's
// time.
//
// Belongs to the drain thread.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "collect/mapped_accounts.hpp"
#include "collect/target_files.hpp"
#include "collect/unique_fd.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// What the engine knows at the time of a look.
struct MemoryContext {
  double time_s = 0;
  std::uint64_t live_bytes = 0, mapped_bytes = 0;
  std::uint64_t allocator_held = 0, allocator_free = 0;  ///< 0: unknown
};

class MemoryWatch {
 public:
  using Clock = std::chrono::steady_clock;

  explicit MemoryWatch(const TargetFiles& files) : files_(files) {}

  /// Whether it is time for a look, by what TargetFiles::rss_bytes() says now.
  bool due(std::uint64_t rss_bytes, Clock::time_point now = Clock::now());

  void look(const MemoryContext& context, std::span<const MappedAccounts::Range> direct,
            std::span<const std::uint64_t> stack_pointers);

  /// When most was resident, and the last look, by time; one where they are the same.
  std::vector<MemoryMoment> moments() const;

  /// Why most of the memory is in no figure of the heap, as a sentence; empty when it is not so. Reads files: once, at
  /// the end.
  std::string unseen_memory(std::uint64_t heap_peak) const;

 private:
  struct OpenFile {
    std::string path;
    UniqueFd file;
  };

  void open_code(const std::vector<std::string>& paths);

  const TargetFiles& files_;
  MemoryMoment highest_, last_;
  bool any_ = false;
  Clock::time_point next_;  ///< not before
  Clock::time_point last_look_;
  Clock::time_point last_asked_, last_growth_;
  std::uint64_t last_rss_ = 0;
  std::vector<OpenFile> code_;  ///< of a process with much memory, opened while it lives
};

}  // namespace memprof::collect
