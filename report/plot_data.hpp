#pragma once
// The curves that `memprof plot` draws, whatever it draws them on.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

struct PlotPoint {
  double time_s = 0;
  double bytes = 0;
};

/// A call of a scope of the program (MEMPROF_SCOPE).
struct PlotBracket {
  std::string name;
  double begin_s = 0, end_s = 0;
  std::uint32_t row = 0;  ///< brackets of one row don't overlap; 0 is the outermost
};

struct PlotMark {
  std::string name;
  double time_s = 0;
  double bytes = 0;
};

/// Least squares through the live heap.
struct PlotTrend {
  double bytes_per_s = 0;
  double r_squared = 0;  ///< 1: a straight line; 0: no trend at all
  bool known = false;    ///< needs three points in time at least
};

struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> live;
  std::vector<PlotPoint> resident;  ///< empty: was not looked at
  PlotPoint peak;
  PlotTrend trend;
  std::vector<PlotBracket> brackets;  ///< by begin_s
  std::vector<PlotMark> snapshots;    ///< by time
  double duration_s = 0;
};

/// Times are since the start of the process, so that several runs lie over one another.
PlotSeries plot_series(const Profile& profile, std::string name);

/// Round numbers from 0 up to at least `highest`, about `wanted` of them; for bytes in steps of powers of two.
struct PlotScale {
  double step = 1;
  double end = 1;
};
PlotScale time_scale(double longest_s, int wanted);
PlotScale byte_scale(double highest, int wanted);

/// "1.5 MiB/s, R² 0.98"; without a trend "".
std::string trend_text(const PlotTrend& trend);

/// "2.5 s", "300 ms", as short as the step allows; no unit at 0.
std::string time_label(double time_s, double step);

}  // namespace memprof::report
