#pragma once
// objgraph's lines: name, count, growth.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "report/growth.hpp"

namespace memprof::cli {

struct GrowthView {
  std::string group;        ///< "type": the word of --group-by
  std::uint64_t shown = 0;  ///< rows; 0: all
  unsigned width = 0;       ///< columns; 0: no limit
};

/// "b.json: 3 types grew"
std::string growth_heading(const std::string& name, const std::vector<report::GrowthRow>& rows, const GrowthView& view,
                           const Terminal& terminal);

/// A line for each row; by stack with the stack below it.
std::string growth_text(const Profile& profile, const std::vector<report::GrowthRow>& rows, const GrowthView& view,
                        const Terminal& terminal);

}  // namespace memprof::cli
