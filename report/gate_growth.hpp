#pragma once
// Tells a leak from a cache by what is alive at the ends of rounds of the same work: ticks of one process, or repeats
// of a program. A series grows when all of these hold after the warm-up:
//
// - Peak rule, after objgraph.growth(): every tick is higher than all before it. A cache that is full, or that is
//   cleared now and then, has ticks that are not.
// - Slope: the mean change from tick to tick is above zero with a confidence of 1 - kAlpha, by Student's t over the
//   changes. The changes are tested rather than a fitted line, because the levels of a cache depend on one another,
//   which would make any line look certain. One block more at every tick has no variance: certain from the first.
// - No slowing down: the second half grows at least kSteady times as fast as the first. A cache that is filled with
//   random keys hits more and more, and so does slow down.
//
// A cache that takes one more block at every tick, and is not full when the ticks end, is what a leak looks like, too:
// the warm-up has to be longer, or the ticks have to be more.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/fingerprint.hpp"
#include "report/gate.hpp"

namespace memprof::report {

/// Fewer cannot be judged.
inline constexpr std::size_t kFewestTicks = 5;

/// Live figures at the ticks that are judged.
struct LiveSeries {
  std::vector<std::uint64_t> blocks, bytes;
};

/// Empty: it does not grow. Judges blocks and bytes; either is enough. One element stands for `stride` ticks.
std::optional<TickGrowth> judge_growth(const LiveSeries& series, std::uint64_t stride);

/// The t for which Student's distribution with this many degrees of freedom has `tail` of its weight above.
double student_quantile(std::size_t degrees, double tail);

/// How many rows of Profile::ticks are left after a warm-up of so many calls of memprof_tick().
std::size_t judged_ticks(const Profile& profile, std::uint64_t warmup);

struct GrowingSite {
  std::size_t site = 0;  ///< in Profile::sites: that which grows, or one of those that grow together
  TickGrowth growth;
};

/// Judges each call stack, and all of one fingerprint together; one entry for a fingerprint. `wanted` says which sites
/// are looked at.
std::vector<GrowingSite> growing_sites(const Profile& profile, const FunctionPaths& paths, std::uint64_t warmup,
                                       const std::function<bool(std::size_t site)>& wanted);

}  // namespace memprof::report
