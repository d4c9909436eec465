#pragma once
// Inclusive figures: what happened at or below each place, counted once also where a place calls itself.
//
// Every frame belongs to a place (a line, a function, …). Instead of walking each stack, the tree is walked once:
// a node adds everything below it to its place unless the same place is on the path already. That is linear in the
// size of the tree, however deep the recursion.

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"
#include "report/sums.hpp"

namespace memprof::report {

/// Figures of the domain's sites with each stack and all stacks that it is an outer part of, by node. `kept` as from
/// kept_stacks(); empty keeps all.
std::vector<Sums> subtree_sums(const Profile& profile, Domain domain, const std::vector<bool>& kept);

/// Figures by place. `place_of_frame` has a number below `place_count` for each frame, or kNoIndex for none.
std::vector<Sums> inclusive_sums(const Profile& profile, const std::vector<Sums>& subtrees,
                                 const std::vector<std::uint32_t>& place_of_frame, std::size_t place_count);

}  // namespace memprof::report
