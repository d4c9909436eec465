#include "cli/stack_text.hpp"

#include <algorithm>
#include <vector>

#include "cli/printable.hpp"
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

std::string frame_text(const Profile& profile, const Frame& frame, report::SourceFiles& sources, unsigned width) {
  std::string place;
  if (frame.file != 0) {
    place = display_path(profile.text(frame.file)) + (frame.line != 0 ? ":" + std::to_string(frame.line) : "");
  } else {
    place = report::base_name(report::module_name(profile, frame));
  }
  place = printable(place);
  std::string function = printable(report::function_name(profile, frame));
  const std::string tail = "  " + place + (frame.inlined ? "  (inlined)" : "");
  if (width != 0) {
    // The place stays whole where half of the line is enough for it; the function takes what is left.
    const std::size_t indent = std::string_view{kFrameIndent}.size();
    const std::size_t half = (width - indent) / 2;
    const std::size_t tail_width = display_width(tail);
    const std::size_t left = width - indent > tail_width ? width - indent - tail_width : 0;
    function = shortened_middle(function, std::max(left, half));
  }
  std::string text = shortened_middle(kFrameIndent + function + tail, width) + "\n";
  if (frame.file == 0 || frame.line == 0) return text;
  const report::SourceFile* source = sources.find(profile.text(frame.file));
  if (source == nullptr || frame.line > source->lines.size()) return text;
  std::string line = printable(source->lines[frame.line - 1]);
  line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
  return text + shortened_end(kSourceIndent + line, width) + "\n";
}

}  // namespace

std::string stack_text(const Profile& profile, NodeIndex node, report::SourceFiles& sources, unsigned width) {
  const Path path = path_of(profile, node);
  std::string text;
  for (std::size_t i = 0; i < path.frames.size();) {
    const Cycle cycle = find_cycle(path.frames, i);
    const std::size_t end = i + std::max<std::size_t>(1, cycle.length);
    for (; i < end; ++i) text += frame_text(profile, profile.frames[path.frames[i]], sources, width);
    if (cycle.times > 0) {
      text += kFrameIndent;
      text += "(recursion: the " +
              (cycle.length == 1 ? std::string{"frame"} : std::to_string(cycle.length) + " frames") + " above " +
              std::to_string(cycle.times) + " more times)\n";
      i += cycle.length * cycle.times;
    }
  }
  if (path.root == kCutRoot) text += std::string(kFrameIndent) + "(outer frames are missing)\n";
  if (path.root == kLostRoot || path.frames.empty()) text += std::string(kFrameIndent) + "(no stack recorded)\n";
  return text;
}

}  // namespace memprof::cli
