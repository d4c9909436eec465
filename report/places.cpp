#include "report/places.hpp"

#include "report/frame_names.hpp"
#include "report/number_table.hpp"

namespace memprof::report {
namespace {

/// Keeps keys of different meaning apart: they share the lower words' ranges.
enum class Means : std::uint64_t { kSource, kFunction, kModule, kOffset };

NumberKey make_key(Means meaning, std::uint64_t a, std::uint64_t b) {
  return {static_cast<std::uint64_t>(meaning) << 32 | a, b};
}

NumberKey function_key(const Frame& frame) {
  if (frame.function != 0) return make_key(Means::kFunction, frame.function, std::uint64_t{frame.file} << 1 | 1);
  return make_key(Means::kModule, frame.module, 0);
}

NumberKey line_key(const Frame& frame) {
  if (frame.file != 0 && frame.line != 0) return make_key(Means::kSource, frame.file, frame.line);
  if (frame.function != 0) return make_key(Means::kFunction, frame.function, std::uint64_t{frame.module} << 1);
  return make_key(Means::kOffset, frame.module, frame.offset);
}

NumberKey key_of(const Frame& frame, PlaceKind kind) {
  switch (kind) {
    case PlaceKind::kLine:
      return line_key(frame);
    case PlaceKind::kFunction:
      return function_key(frame);
    case PlaceKind::kFile:
      return frame.file != 0 ? make_key(Means::kSource, frame.file, 0) : make_key(Means::kModule, frame.module, 0);
    case PlaceKind::kModule:
      return make_key(Means::kModule, frame.module, 0);
  }
  return {};
}

}  // namespace

Places number_places(const Profile& profile, PlaceKind kind) {
  Places places;
  NumberTable numbers;
  places.of_frame.reserve(profile.frames.size());
  for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
    const auto [number, is_new] = numbers.number(key_of(profile.frames[i], kind));
    if (is_new) places.example.push_back(i);
    places.of_frame.push_back(number);
  }
  return places;
}

std::string place_name(const Profile& profile, PlaceKind kind, FrameIndex index) {
  const Frame& frame = profile.frames[index];
  switch (kind) {
    case PlaceKind::kLine:
      return line_name(profile, frame);
    case PlaceKind::kFunction:
      if (frame.function == 0) return base_name(module_name(profile, frame)) + " (no symbols)";
      return function_name(profile, frame);
    case PlaceKind::kFile:
      return file_name(profile, frame);
    case PlaceKind::kModule:
      return module_name(profile, frame);
  }
  return {};
}

Stacks number_stacks(const Profile& profile) {
  // Both the line and the function, as one line may hold several functions.
  const Places lines = number_places(profile, PlaceKind::kLine);
  const Places functions = number_places(profile, PlaceKind::kFunction);
  Stacks stacks;
  stacks.of_node.reserve(profile.stacks.size());
  NumberTable numbers(profile.stacks.size(), kRootCount);
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    const StackNode& entry = profile.stacks[node];
    if (entry.frame == kNoIndex) {
      stacks.of_node.push_back(node);  // a root
      stacks.example.push_back(node);
      continue;
    }
    const std::uint64_t parent = entry.parent == kNoIndex ? kNoIndex : stacks.of_node[entry.parent];
    const NumberKey key{parent << 32 | lines.of_frame[entry.frame], functions.of_frame[entry.frame]};
    const auto [number, is_new] = numbers.number(key);
    if (is_new) stacks.example.push_back(node);
    stacks.of_node.push_back(number);
  }
  return stacks;
}

}  // namespace memprof::report
