#pragma once
// Pages of the stack tree's memory, made a little before the target needs them. Two microseconds each that the program
// would have to wait become a third of one, at the expense of the collector, which mostly has the time. What cannot be
// made here the target gets as it touches it.

#include <cstddef>
#include <cstdint>

#include "collect/shared_region.hpp"

namespace memprof::collect {

class NodePages {
 public:
  explicit NodePages(const SharedRegion& region) : region_(region) {}

  /// Sees to the nodes behind the `used` ones, if there are so many that more will follow.
  void make_ahead(std::uint32_t used);

  /// Bytes of the tree, from its beginning, for which that was done.
  std::size_t made() const { return made_; }

 private:
  static constexpr std::uint32_t kFewNodes = 8192;
  static constexpr std::size_t kAhead = std::size_t{1} << 20;
  static constexpr std::size_t kAtLeast = kAhead / 8;  ///< made at a time; the rings fill meanwhile

  const SharedRegion& region_;
  std::size_t made_ = 0;
};

}  // namespace memprof::collect
