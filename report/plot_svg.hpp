#pragma once
// The picture as SVG: one file without scripts or fonts of its own, light or dark as the reader's browser is, light on
// paper.

#include <string>
#include <vector>

#include "report/plot_data.hpp"

namespace memprof::report {

struct SvgOptions {
  std::string title;
  bool resident = true;  ///< draw RSS where it is known
};

std::string plot_svg(const std::vector<PlotSeries>& series, const SvgOptions& options);

}  // namespace memprof::report
