#include "report/gate_growth.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

namespace memprof::report {
namespace {

/// Thousands of sites are judged in each of thousands of runs. A steady leak has no variance and needs no more ticks
/// for it; among 2000 simulated caches of random keys, watched while they were filling, 1e-6 still took 3 for leaks.
constexpr double kAlpha = 1e-9;
constexpr double kSteady = 0.9;

struct Slope {
  double mean = 0, low = 0, high = 0;  ///< of the change from one element to the next
};

/// Empty: does not grow.
std::optional<Slope> growing_slope(const std::vector<std::uint64_t>& levels) {
  if (levels.size() < kFewestTicks) return std::nullopt;
  std::vector<double> changes;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    if (levels[i] <= levels[i - 1]) return std::nullopt;  // each is a new peak only if each is above the one before
    changes.push_back(static_cast<double>(levels[i] - levels[i - 1]));
  }
  const auto count = static_cast<double>(changes.size());
  Slope slope;
  slope.mean = std::accumulate(changes.begin(), changes.end(), 0.0) / count;
  double squares = 0;
  for (const double change : changes) squares += (change - slope.mean) * (change - slope.mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  const double reach = student_quantile(changes.size() - 1, kAlpha) * error;
  slope.low = slope.mean - reach;
  slope.high = slope.mean + reach;
  const auto half = static_cast<std::ptrdiff_t>(changes.size() / 2);
  const double first = std::accumulate(changes.begin(), changes.begin() + half, 0.0);
  const double second = std::accumulate(changes.end() - half, changes.end(), 0.0);
  if (slope.low <= 0 || second < kSteady * first) return std::nullopt;
  return slope;
}

double mean_change(const std::vector<std::uint64_t>& levels) {
  return (static_cast<double>(levels.back()) - static_cast<double>(levels.front())) /
         static_cast<double>(levels.size() - 1);
}

/// Student's distribution function for whole degrees of freedom, as a finite sum (Abramowitz and Stegun, 26.7.3/4).
double weight_above(double t, std::size_t degrees) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1;
  double sum = degrees == 1 ? 0 : term;
  for (std::size_t k = odd ? 3 : 2; k + 1 < degrees; k += 2) {
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  const double within = odd ? 2 / std::numbers::pi * (angle + std::sin(angle) * sum) : std::sin(angle) * sum;
  return (1 - within) / 2;
}

using Changes = std::vector<const TickChange*>;

/// What was alive at each judged tick of the sites whose changes these are.
LiveSeries series_of(const Changes& changes, std::size_t ticks, std::size_t judged) {
  std::vector<std::int64_t> blocks(ticks), bytes(ticks);
  for (const TickChange* change : changes) {
    blocks[change->tick] += change->live_blocks;
    bytes[change->tick] += change->live_bytes;
  }
  LiveSeries series;
  std::int64_t blocks_now = 0, bytes_now = 0;
  for (std::size_t i = 0; i < ticks; ++i) {
    blocks_now += blocks[i];
    bytes_now += bytes[i];
    if (i + judged < ticks) continue;
    series.blocks.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(blocks_now, 0)));
    series.bytes.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes_now, 0)));
  }
  return series;
}

}  // namespace

double student_quantile(std::size_t degrees, double tail) {
  double low = 0, high = 1e9;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (weight_above(middle, degrees) > tail ? low : high) = middle;
  }
  return high;
}

std::optional<TickGrowth> judge_growth(const LiveSeries& series, std::uint64_t stride) {
  const std::optional<Slope> blocks = growing_slope(series.blocks);
  if (!blocks && !growing_slope(series.bytes)) return std::nullopt;
  const auto per_tick = [stride](double value) { return value / static_cast<double>(stride); };
  TickGrowth growth;
  growth.ticks = series.blocks.size() * stride;
  growth.blocks_per_tick = per_tick(mean_change(series.blocks));
  growth.bytes_per_tick = per_tick(mean_change(series.bytes));
  growth.slope_low = blocks ? per_tick(blocks->low) : growth.blocks_per_tick;
  growth.slope_high = blocks ? per_tick(blocks->high) : growth.blocks_per_tick;
  return growth;
}

std::size_t judged_ticks(const Profile& profile, std::uint64_t warmup) {
  const std::uint64_t stride = std::max<std::uint64_t>(profile.capture.tick_stride, 1);
  const std::uint64_t skipped = warmup / stride + (warmup % stride != 0 ? 1 : 0);
  return skipped >= profile.ticks.size() ? 0 : profile.ticks.size() - static_cast<std::size_t>(skipped);
}

std::vector<GrowingSite> growing_sites(const Profile& profile, const FunctionPaths& paths, std::uint64_t warmup,
                                       const std::function<bool(std::size_t site)>& wanted) {
  const std::size_t judged = judged_ticks(profile, warmup);
  if (judged < kFewestTicks) return {};
  std::map<std::size_t, Changes> by_site;
  for (const TickChange& change : profile.tick_changes) by_site[change.site].push_back(&change);
  struct Group {
    std::size_t example = 0;
    std::size_t sites = 0;
    Changes changes;
    std::optional<TickGrowth> growth;
  };
  std::map<std::string, Group> groups;
  const std::uint64_t stride = std::max<std::uint64_t>(profile.capture.tick_stride, 1);
  const auto judge = [&](const Changes& changes) -> std::optional<TickGrowth> {
    if (changes.size() + 1 < judged) return std::nullopt;  // some tick saw no change
    return judge_growth(series_of(changes, profile.ticks.size(), judged), stride);
  };
  for (const auto& [site, changes] : by_site) {
    if (!wanted(site)) continue;
    Group& group = groups[path_text(paths.of(profile.sites[site].stack))];
    const std::optional<TickGrowth> growth = judge(changes);
    const bool worse = growth && (!group.growth || growth->bytes_per_tick > group.growth->bytes_per_tick);
    if (worse) group.growth = growth;
    if (worse || group.sites == 0) group.example = site;
    ++group.sites;
    group.changes.insert(group.changes.end(), changes.begin(), changes.end());
  }
  std::vector<GrowingSite> growing;
  for (auto& [path, group] : groups) {
    if (!group.growth && group.sites > 1) group.growth = judge(group.changes);
    if (group.growth) growing.push_back({group.example, *group.growth});
  }
  return growing;
}

}  // namespace memprof::report
