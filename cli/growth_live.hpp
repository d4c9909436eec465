#pragma once
// `memprof growth --pid`: looks at a running program every so often.

#include <cstdint>
#include <string>

#include "cli/growth_text.hpp"

namespace memprof::cli {

struct LiveGrowth {
  std::string process;  ///< pid or name; empty: files are compared
  double every_s = 5;
  std::uint64_t times = 0;  ///< looks; 0: until the program ends or SIGINT
  bool follow = false;      ///< draw over the last block
};

/// Returns the exit status. Errors: the process isn't being profiled, or a look at it failed.
[[nodiscard]] Result<int> watch_growth(const LiveGrowth& live, const report::GroupOptions& grouping,
                                       const GrowthView& view, Console& console);

}  // namespace memprof::cli
