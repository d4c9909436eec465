#pragma once
// The picture in a terminal, in braille dots.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "report/plot_data.hpp"

namespace memprof::cli {

struct TerminalPlot {
  unsigned width = 80;
  unsigned height = 18;  ///< lines of the plot itself
  bool resident = true;
};

std::string plot_text(const std::vector<report::PlotSeries>& series, const TerminalPlot& plot,
                      const Terminal& terminal);

}  // namespace memprof::cli
