#pragma once
// Call stacks as an exporter shows them: every frame has a label, and stacks whose labels agree are one.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"
#include "report/sums.hpp"

namespace memprof::report {

struct StackLabel {
  std::string text;
  FrameIndex example = kNoIndex;  ///< a frame with this label; kNoIndex: stands for frames that are missing
};

class LabelledStacks {
 public:
  using LabelIndex = std::uint32_t;
  using StackIndex = std::uint32_t;

  /// Frames with the same text are the same.
  LabelledStacks(const Profile& profile, const std::function<std::string(const Frame&)>& text);

  const std::vector<StackLabel>& labels() const { return labels_; }
  /// Parents come before their children.
  std::size_t size() const { return nodes_.size(); }
  StackIndex of_node(NodeIndex node) const { return of_node_[node]; }

  /// Of the innermost frame; kNoIndex at the end of a complete stack.
  LabelIndex label(StackIndex stack) const { return nodes_[stack].label; }
  /// The stack without its innermost frame; kNoIndex for the roots.
  StackIndex parent(StackIndex stack) const { return nodes_[stack].parent; }

  /// Labels from the innermost frame outwards, never empty: "[outer frames missing]" ends a stack that was cut,
  /// "[no stack]" is all that there is of one that was lost.
  std::vector<LabelIndex> path(StackIndex stack) const;

  /// The figures of all sites of a domain, by stack.
  std::vector<Sums> sums(const Profile& profile, Domain domain = Domain::kHeap) const;

 private:
  struct Node {
    StackIndex parent;
    LabelIndex label;
  };
  std::vector<StackLabel> labels_;
  std::vector<Node> nodes_;
  std::vector<StackIndex> of_node_;
};

/// Fit for formats of lines: UTF-8 without control characters.
std::string one_line(std::string_view text);

/// "fill() (demo.cpp:12)"; without source "fill() (in /usr/lib/libdemo.so)".
std::string function_and_place(const Profile& profile, const Frame& frame);

}  // namespace memprof::report
