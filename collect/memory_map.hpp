#pragma once
// A process's resident memory by kind, from /proc/PID/smaps and, where a mapping holds more than one kind, pagemap.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collect/mapped_accounts.hpp"

namespace memprof::collect {

/// As in MemoryMoment; the kinds add up to `rss`.
struct ResidentMemory {
  std::uint64_t rss = 0;
  std::uint64_t files = 0, stacks = 0, direct = 0, anonymous = 0, memprof = 0;
  std::vector<std::string> code_files;  ///< paths of files that are mapped to be executed, each once; bounded
};

/// `direct` are the ranges that the program mapped itself, sorted; `stack_pointers` lie in the stacks of its threads.
/// Nothing when the process is gone or may not be looked at. Takes a millisecond for some 500 mappings.
[[nodiscard]] std::optional<ResidentMemory> read_resident_memory(pid_t pid,
                                                                 std::span<const MappedAccounts::Range> direct,
                                                                 std::span<const std::uint64_t> stack_pointers);

}  // namespace memprof::collect
