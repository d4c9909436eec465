#include "report/labelled_stacks.hpp"

#include <algorithm>
#include <unordered_map>

#include "profile/byte_text.hpp"
#include "report/frame_names.hpp"

namespace memprof::report {
namespace {

constexpr LabelledStacks::LabelIndex kCutLabel = 0;
constexpr LabelledStacks::LabelIndex kLostLabel = 1;

std::uint64_t pair_key(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }

}  // namespace

LabelledStacks::LabelledStacks(const Profile& profile, const std::function<std::string(const Frame&)>& text)
    : labels_{{"[outer frames missing]", kNoIndex}, {"[no stack]", kNoIndex}} {
  std::unordered_map<std::string, LabelIndex> label_numbers;
  std::vector<LabelIndex> label_of_frame;
  label_of_frame.reserve(profile.frames.size());
  for (FrameIndex frame = 0; frame < profile.frames.size(); ++frame) {
    const auto [entry, is_new] =
        label_numbers.try_emplace(text(profile.frames[frame]), static_cast<LabelIndex>(labels_.size()));
    if (is_new) labels_.push_back({entry->first, frame});
    label_of_frame.push_back(entry->second);
  }

  // The roots of the profile are the first nodes here as well; only those that tell something have a label.
  nodes_ = {{kNoIndex, kNoIndex}, {kNoIndex, kCutLabel}, {kNoIndex, kLostLabel}};
  static_assert(kCompleteRoot == 0 && kCutRoot == 1 && kLostRoot == 2 && kRootCount == 3);
  of_node_ = {kCompleteRoot, kCutRoot, kLostRoot};
  of_node_.reserve(profile.stacks.size());
  std::unordered_map<std::uint64_t, StackIndex> node_numbers;
  node_numbers.reserve(profile.stacks.size());
  for (NodeIndex node = kRootCount; node < profile.stacks.size(); ++node) {
    const Node merged{of_node_[profile.stacks[node].parent], label_of_frame[profile.stacks[node].frame]};
    const auto [entry, is_new] =
        node_numbers.try_emplace(pair_key(merged.parent, merged.label), static_cast<StackIndex>(nodes_.size()));
    if (is_new) nodes_.push_back(merged);
    of_node_.push_back(entry->second);
  }
}

std::vector<LabelledStacks::LabelIndex> LabelledStacks::path(StackIndex stack) const {
  std::vector<LabelIndex> path;
  for (; stack != kNoIndex && nodes_[stack].label != kNoIndex; stack = nodes_[stack].parent) {
    path.push_back(nodes_[stack].label);
  }
  if (path.empty()) path.push_back(kLostLabel);
  return path;
}

std::vector<Sums> LabelledStacks::sums(const Profile& profile, Domain domain) const {
  std::vector<Sums> sums(size());
  for (const Site& site : sites_in(profile, domain)) {
    // A stack without any frame reads like one that was lost.
    const StackIndex stack = of_node(site.stack);
    sums[stack == kCompleteRoot ? kLostRoot : stack].add(site);
  }
  return sums;
}

std::string one_line(std::string_view text) {
  std::string line = bytes_to_utf8(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return line;
}

std::string function_and_place(const Profile& profile, const Frame& frame) {
  std::string text = function_name(profile, frame);
  if (frame.file != 0) {
    text += " (" + base_name(profile.text(frame.file));
    if (frame.line != 0) text += ":" + std::to_string(frame.line);
    text += ")";
  } else if (frame.module != kNoIndex) {
    text += " (in " + module_name(profile, frame) + ")";
  }
  return one_line(text);
}

}  // namespace memprof::report
