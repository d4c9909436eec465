#pragma once
// What was found in a region that no intact target writes. Counted and worked around, never trusted.

#include <cstdint>

namespace memprof::collect {

struct RegionDamage {
  std::uint64_t cursors = 0;  ///< ring heads that went backwards or too far; an unknown number of events is lost
  std::uint64_t times = 0;    ///< records stamped before their predecessor or in the future
  std::uint64_t records = 0;  ///< records of no known kind, or that make no sense where they stand
  std::uint64_t stacks = 0;   ///< stack nodes that are missing, cyclic or of no known module
  std::uint64_t modules = 0;  ///< module records with a path or build id outside their place

  std::uint64_t sum() const { return cursors + times + records + stacks + modules; }
};

}  // namespace memprof::collect
