#pragma once
// Who called the allocator, and who called them: stacks upside down, as Massif shows them. Below the root are the
// innermost frames; a node's children are its callers.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/labelled_stacks.hpp"
#include "report/sums.hpp"

namespace memprof::report {

class CallerTree {
 public:
  struct Node {
    LabelledStacks::LabelIndex label = 0;
    std::uint64_t bytes = 0;
    std::vector<Node> children;  ///< by falling bytes, then by text
    /// Children that are too small to be listed.
    std::uint64_t left_out_bytes = 0;
    std::size_t left_out_places = 0;
  };

  static constexpr double kThreshold = 0.01;  ///< of the whole tree
  static constexpr std::size_t kDepth = 30;

  /// `sums` are those of `stacks`.
  CallerTree(const LabelledStacks& stacks, const std::vector<Sums>& sums, Metric metric);

  const Node& root() const { return root_; }

 private:
  struct Share {
    LabelledStacks::StackIndex stack;  // what is left of it
    std::uint64_t bytes;
  };
  void grow(Node& node, std::vector<Share>&& shares, std::size_t depth);
  void add_child(Node& node, const Share* begin, const Share* end, std::size_t depth);

  const LabelledStacks& stacks_;
  Node root_;
};

}  // namespace memprof::report
