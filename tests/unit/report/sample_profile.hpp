#pragma once
// Profiles built by hand, with known answers.

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::tests {

/// What a test says about a frame; unknown parts are left out.
struct FrameText {
  std::string function = {};
  std::string file = {};
  std::uint32_t line = 0;
  std::uint32_t function_line = 0;
  bool inlined = false;
  std::string module = "/usr/bin/app";
  std::uint64_t offset = 0;
  bool nearest = false;
};

class ProfileBuilder {
 public:
  ProfileBuilder() {
    profile.generator = "memprof 0.0.0-test";
    profile.process.pid = 4711;
    profile.process.parent_pid = 4710;
    profile.process.program = "app";
    profile.process.executable = "/usr/bin/app";
    profile.process.command = {"app", "--now"};
    profile.process.directory = "/home/me";
    profile.process.duration_s = 2;
    profile.process.end_kind = EndKind::kExited;
    profile.process.architecture = "x86_64";
    profile.capture.max_depth = 1000;
  }

  StringIndex string(const std::string& text) {
    if (text.empty()) return 0;
    const auto [entry, inserted] = strings_.try_emplace(text, static_cast<StringIndex>(profile.strings.size()));
    if (inserted) profile.strings.push_back(text);
    return entry->second;
  }

  std::uint32_t module(const std::string& path) {
    if (path.empty()) return kNoIndex;
    const StringIndex name = string(path);
    for (std::uint32_t i = 0; i < profile.modules.size(); ++i) {
      if (profile.modules[i].path == name) return i;
    }
    profile.modules.push_back({name, 0, true});
    return static_cast<std::uint32_t>(profile.modules.size() - 1);
  }

  FrameIndex frame(const FrameText& text) {
    Frame frame;
    frame.function = string(text.function);
    frame.file = string(text.file);
    frame.line = text.line;
    frame.function_line = text.function_line;
    frame.inlined = text.inlined;
    frame.module = module(text.module);
    frame.offset = text.offset;
    frame.nearest = text.nearest;
    const auto found = std::find(profile.frames.begin(), profile.frames.end(), frame);
    if (found != profile.frames.end()) return static_cast<FrameIndex>(found - profile.frames.begin());
    profile.frames.push_back(frame);
    return static_cast<FrameIndex>(profile.frames.size() - 1);
  }

  /// Innermost frame first, as one writes a stack.
  NodeIndex stack(std::initializer_list<FrameText> frames, NodeIndex root = kCompleteRoot) {
    NodeIndex node = root;
    for (auto text = std::rbegin(frames); text != std::rend(frames); ++text) {
      const FrameIndex index = frame(*text);
      const auto [entry, inserted] = nodes_.try_emplace({node, index}, static_cast<NodeIndex>(profile.stacks.size()));
      if (inserted) profile.stacks.push_back({node, index});
      node = entry->second;
    }
    return node;
  }

  /// Made anew, or the one that this stack has already.
  Site& site(std::initializer_list<FrameText> frames, NodeIndex root = kCompleteRoot) {
    const NodeIndex node = stack(frames, root);
    const auto found = std::find_if(profile.sites.begin(), profile.sites.end(),
                                    [node](const Site& site) { return site.stack == node; });
    if (found != profile.sites.end()) return *found;
    profile.sites.push_back({});
    profile.sites.back().stack = node;
    return profile.sites.back();
  }

  /// `blocks` blocks of `size` bytes, of which `live` stay and which all are there at the peak.
  Site& allocations(std::initializer_list<FrameText> frames, std::uint64_t blocks, std::uint64_t size,
                    std::uint64_t live, NodeIndex root = kCompleteRoot) {
    Site& made = site(frames, root);
    made.hook = string("malloc");
    made.allocations = made.peak_blocks += blocks;
    made.allocated_bytes = made.peak_bytes += blocks * size;
    made.live_blocks += live;
    made.live_bytes += live * size;
    made.min_size = made.max_size = made.size_divisor = size;
    return made;
  }

  Site& frees(std::initializer_list<FrameText> frames, std::uint64_t blocks, std::uint64_t size,
              NodeIndex root = kCompleteRoot) {
    Site& made = site(frames, root);
    if (made.hook == 0) made.hook = string("free");
    made.frees += blocks;
    made.freed_bytes += blocks * size;
    return made;
  }

  /// Totals that fit the sites.
  Profile finished() {
    Totals& totals = profile.totals;
    for (const Site& each : profile.sites) {
      totals.allocations += each.allocations;
      totals.allocated_bytes += each.allocated_bytes;
      totals.frees += each.frees;
      totals.freed_bytes += each.freed_bytes;
      totals.live_blocks += each.live_blocks;
      totals.live_bytes += each.live_bytes;
      totals.peak_blocks += each.peak_blocks;
      totals.peak_bytes += each.peak_bytes;
      totals.temporary_allocations += each.temporary_allocations;
    }
    return std::move(profile);
  }

  Profile profile;

 private:
  std::map<std::string, StringIndex> strings_;
  std::map<std::pair<NodeIndex, FrameIndex>, NodeIndex> nodes_;
};

}  // namespace memprof::tests
