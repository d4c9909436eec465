#pragma once
// All processes of one run: the model of an index file (docs/process-tree.md). Plain data.
//
// A row is one process image: what a process was from its start, or its latest exec, to its end or its next exec. A
// ProcessTree that came out of read_process_tree() has had every index checked.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof {

struct TreeProcess {
  Process process;                  ///< the command is cut after 4,096 bytes
  std::uint32_t parent = kNoIndex;  ///< row of the image that started it, which comes earlier; kNoIndex: none is known
  std::uint32_t replaced = kNoIndex;  ///< row of the image that became this one by exec, which comes earlier
  bool recorded = true;
  std::string unrecorded_reason;  ///< a phrase, empty when recorded
  bool complete = true;           ///< Capture::complete
  // Totals, all 0 when not recorded.
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t allocated_bytes = 0;
  std::uint64_t live_bytes = 0;       ///< at the end
  std::uint64_t peak_bytes = 0;       ///< its own, at whatever time
  double peak_time_s = 0;             ///< since its own start
  std::uint64_t tree_peak_bytes = 0;  ///< its share of ProcessTree::peak_bytes
  std::string profile;                ///< file of its profile, as seen from the index's directory; empty: none
  friend bool operator==(const TreeProcess&, const TreeProcess&) = default;
};

struct ProcessTree {
  std::string generator;               ///< "memprof 0.1.0"
  std::uint64_t peak_bytes = 0;        ///< highest sum of the live heaps of all processes at any one time
  std::uint64_t peak_blocks = 0;       ///< blocks at that same time
  std::uint64_t least_peak_bytes = 0;  ///< what it was at least; lower only where a process' end could not be told well
  bool peak_exact = true;              ///< false: memory was too short to put the processes' events in order
  double peak_time_s = 0;              ///< since the start of the first process
  std::vector<TreeProcess> processes;  ///< in the order in which memprof met them; row 0 is the started program
  friend bool operator==(const ProcessTree&, const ProcessTree&) = default;
};

}  // namespace memprof
