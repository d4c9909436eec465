#include "cli/stack_text.hpp"

#include <algorithm>
#include <vector>

#include "cli/printable.hpp"
#include "cli/style.hpp"
#include "report/frame_names.hpp"

namespace memprof::cli {
namespace {

constexpr std::size_t kLongestCycle = 16;  // frames of mutual recursion that are recognized
constexpr const char* kFrameIndent = "    ";
constexpr const char* kSourceIndent = "        ";

struct Path {
  std::vector<FrameIndex> frames;  ///< innermost first
  NodeIndex root = kCompleteRoot;
};

Path path_of(const Profile& profile, NodeIndex node) {
  Path path;
  for (; node != kNoIndex; node = profile.stacks[node].parent) {
    if (profile.stacks[node].frame == kNoIndex) {
      path.root = node;
      break;
    }
    path.frames.push_back(profile.stacks[node].frame);
  }
  return path;
}

/// How often the `length` frames at `start` come again right after themselves.
std::size_t repetitions(const std::vector<FrameIndex>& frames, std::size_t start, std::size_t length) {
  std::size_t times = 0;
  for (std::size_t at = start + length; at + length <= frames.size(); at += length) {
    const auto first = frames.begin() + static_cast<std::ptrdiff_t>(start);
    if (!std::equal(first, first + static_cast<std::ptrdiff_t>(length),
                    frames.begin() + static_cast<std::ptrdiff_t>(at))) {
      break;
    }
    ++times;
  }
  return times;
}

struct Cycle {
  std::size_t length = 0;
  std::size_t times = 0;  ///< beyond the first
};

/// Recursion that is worth a line of its own: at least two frames would be repeated.
Cycle find_cycle(const std::vector<FrameIndex>& frames, std::size_t start) {
  for (std::size_t length = 1; length <= kLongestCycle; ++length) {
    const std::size_t times = repetitions(frames, start, length);
    if (times * length >= 2) return {length, times};
  }
  return {};
}

/// Where a frame is: source and line, else the module; nothing when the function's name is made of the module.
std::string place_text(const Profile& profile, const Frame& frame) {
  std::string place;
  if (frame.file != 0) {
    place = printable(display_path(profile.text(frame.file)));
    if (frame.line != 0) place += ":" + std::to_string(frame.line);
  } else if (frame.function != 0) {
    place = printable(report::base_name(report::module_name(profile, frame)));
  }
  return frame.inlined ? place + " (inlined)" : place;
}

/// Lines of the frames of `older`, innermost first; empty when it isn't the same sequence of frames.
std::vector<std::uint32_t> older_lines(const OlderStack& older, std::size_t frames) {
  std::vector<std::uint32_t> lines;
  if (older.profile == nullptr || older.node == kNoIndex) return lines;
  for (const FrameIndex frame : path_of(*older.profile, older.node).frames) {
    lines.push_back(older.profile->frames[frame].line);
  }
  if (lines.size() != frames) lines.clear();
  return lines;
}

}  // namespace

/// "function  place"; both are shortened only when half of the width isn't enough for them.
std::string StackText::frame_line(const Frame& frame, std::uint32_t moved_from, std::size_t width) const {
  constexpr std::size_t kGap = 2;
  std::string function = printable(report::function_name(profile_, frame));
  std::string place = place_text(profile_, frame);
  if (moved_from != 0) place += " (was line " + std::to_string(moved_from) + ")";
  if (place.empty()) return shortened_middle(function, width);
  if (width != 0) {
    const std::size_t half = (width - kGap) / 2;
    const std::size_t function_width = std::min(display_width(function), half);
    place = shortened_middle(place, std::max(half, width - kGap - function_width));
    function = shortened_middle(function, width - kGap - display_width(place));
  }
  return function + std::string(kGap, ' ') + place;
}

std::string StackText::frame_text(FrameIndex index, std::uint32_t moved_from) {
  const Frame& frame = profile_.frames[index];
  const std::size_t indent = std::string_view{kFrameIndent}.size();
  const std::string line = frame_line(frame, moved_from, width_ == 0 ? 0 : width_ - indent);
  if (kinds_[index] != report::FrameKind::kProgram) return kFrameIndent + dim(line, terminal_) + "\n";
  const std::string text = kFrameIndent + line + "\n";
  if (frame.file == 0 || frame.line == 0) return text;
  const report::SourceFile* source = sources_.find(profile_.text(frame.file));
  if (source == nullptr || frame.line > source->lines.size()) return text;
  std::string contents = printable_source(source->lines[frame.line - 1]);
  contents.erase(0, std::min(contents.find_first_not_of(' '), contents.size()));
  return text + kSourceIndent + dim(shortened_end(contents, width_ == 0 ? 0 : width_ - 2 * indent), terminal_) + "\n";
}

std::string StackText::of(NodeIndex node, const OlderStack& older) {
  const Path path = path_of(profile_, node);
  const std::vector<std::uint32_t> old_lines = older_lines(older, path.frames.size());
  std::string text;
  for (std::size_t i = 0; i < path.frames.size();) {
    const Cycle cycle = find_cycle(path.frames, i);
    const std::size_t end = i + std::max<std::size_t>(1, cycle.length);
    for (; i < end; ++i) {
      const bool moved = !old_lines.empty() && old_lines[i] != profile_.frames[path.frames[i]].line;
      text += frame_text(path.frames[i], moved ? old_lines[i] : 0);
    }
    if (cycle.times == 0) continue;
    const std::string frames = cycle.length == 1 ? "frame" : std::to_string(cycle.length) + " frames";
    text += kFrameIndent + ("(recursion: the " + frames + " above " + std::to_string(cycle.times) + " more times)\n");
    i += cycle.length * cycle.times;
  }
  if (path.frames.empty()) return std::string(kFrameIndent) + "(no stack recorded)\n";
  if (path.root == kCutRoot) text += std::string(kFrameIndent) + "(outer frames are missing)\n";
  return text;
}

}  // namespace memprof::cli
