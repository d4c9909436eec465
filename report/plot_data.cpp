#include "report/plot_data.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "report/units.hpp"

namespace memprof::report {
namespace {

constexpr std::uint32_t kMostRows = 8;  // of brackets; deeper ones are left out

std::vector<PlotPoint> live_curve(const std::vector<TimelinePoint>& timeline) {
  std::vector<PlotPoint> curve;
  double before_s = 0;
  std::uint64_t before = 0;
  for (const TimelinePoint& point : timeline) {
    // A point says how high the heap was since the one before; where exactly isn't known.
    if (point.highest_bytes > std::max(before, point.live_bytes)) {
      curve.push_back({(before_s + point.time_s) / 2, static_cast<double>(point.highest_bytes)});
    }
    curve.push_back({point.time_s, static_cast<double>(point.live_bytes)});
    before_s = point.time_s;
    before = point.live_bytes;
  }
  return curve;
}

PlotTrend trend_of(const std::vector<TimelinePoint>& timeline) {
  const auto count = static_cast<double>(timeline.size());
  if (timeline.size() < 3) return {};
  double mean_t = 0, mean_y = 0;
  for (const TimelinePoint& point : timeline) {
    mean_t += point.time_s / count;
    mean_y += static_cast<double>(point.live_bytes) / count;
  }
  double tt = 0, ty = 0, yy = 0;
  for (const TimelinePoint& point : timeline) {
    const double t = point.time_s - mean_t, y = static_cast<double>(point.live_bytes) - mean_y;
    tt += t * t;
    ty += t * y;
    yy += y * y;
  }
  if (tt <= 0) return {};
  // A heap that never changes is on its line exactly.
  return {ty / tt, yy > 0 ? ty * ty / (tt * yy) : 1.0, true};
}

std::vector<PlotBracket> brackets_of(const Profile& profile) {
  std::vector<PlotBracket> brackets;
  std::vector<double> row_ends;
  for (const ScopeCall& call : profile.scope_calls) {
    const auto free = std::find_if(row_ends.begin(), row_ends.end(), [&](double end) { return end <= call.begin_s; });
    const auto row = static_cast<std::uint32_t>(free - row_ends.begin());
    if (row >= kMostRows) continue;
    if (free == row_ends.end()) row_ends.push_back(0);
    row_ends[row] = call.end_s;
    brackets.push_back({profile.text(profile.scopes[call.scope].name), call.begin_s, call.end_s, row});
  }
  return brackets;
}

/// 1, 2 or 5 times a power of ten, at least `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

PlotScale scale(double highest, double step) { return {step, step * std::max(1.0, std::ceil(highest / step - 1e-9))}; }

}  // namespace

PlotSeries plot_series(const Profile& profile, std::string name) {
  PlotSeries series;
  series.name = std::move(name);
  series.live = live_curve(profile.timeline);
  for (const TimelinePoint& point : profile.timeline) {
    if (point.rss_bytes != 0) series.resident.push_back({point.time_s, static_cast<double>(point.rss_bytes)});
  }
  series.peak = {profile.totals.peak_time_s, static_cast<double>(profile.totals.peak_bytes)};
  series.trend = trend_of(profile.timeline);
  series.brackets = brackets_of(profile);
  for (const SnapshotMark& mark : profile.snapshots) {
    series.snapshots.push_back({profile.text(mark.name), mark.time_s, static_cast<double>(mark.live_bytes)});
  }
  series.duration_s = profile.process.duration_s;
  if (!profile.timeline.empty()) series.duration_s = std::max(series.duration_s, profile.timeline.back().time_s);
  return series;
}

PlotScale time_scale(double longest_s, int wanted) {
  if (!(longest_s > 0)) return {1, 1};
  return scale(longest_s, round_step(longest_s / wanted));
}

PlotScale byte_scale(double highest, int wanted) {
  if (!(highest > 0)) return {1, 1};
  const double unit = std::pow(1024.0, std::floor(std::log2(highest) / 10));
  return scale(highest, std::max(1.0, round_step(highest / unit / wanted) * unit));
}

std::string trend_text(const PlotTrend& trend) {
  if (!trend.known) return {};
  std::array<char, 32> fit{};
  std::snprintf(fit.data(), fit.size(), ", R² %.2f", trend.r_squared);
  return format_size_change(static_cast<std::int64_t>(std::llround(trend.bytes_per_s))) + "/s" + fit.data();
}

std::string time_label(double time_s, double step) {
  std::array<char, 48> text{};
  if (time_s == 0) return "0";
  if (step < 1e-3) {
    std::snprintf(text.data(), text.size(), "%.0f µs", time_s * 1e6);
  } else if (step < 1) {
    std::snprintf(text.data(), text.size(), step < 0.1 ? "%.0f ms" : "%.1f s", step < 0.1 ? time_s * 1e3 : time_s);
  } else if (time_s >= 600 && step >= 60) {
    std::snprintf(text.data(), text.size(), "%.0f min", time_s / 60);
  } else {
    std::snprintf(text.data(), text.size(), "%.0f s", time_s);
  }
  return text.data();
}

}  // namespace memprof::report
