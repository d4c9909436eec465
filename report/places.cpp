#include "report/places.hpp"

#include <unordered_map>

#include "report/frame_names.hpp"

namespace memprof::report {
namespace {

/// Two words that are equal exactly when two frames are in the same place.
struct Key {
  std::uint64_t first = 0, second = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    // Odd constants from the golden ratio and sqrt(2): spreads consecutive indices over all bits.
    std::uint64_t mixed = key.first * 0x9e37'79b9'7f4a'7c15u + key.second * 0x6a09'e667'f3bc'c909u;
    mixed ^= mixed >> 32;
    return static_cast<std::size_t>(mixed * 0x9e37'79b9'7f4a'7c15u);
  }
};

/// Keeps keys of different meaning apart: they share the lower words' ranges.
enum class Means : std::uint64_t { kSource, kFunction, kModule, kOffset };

Key make_key(Means meaning, std::uint64_t a, std::uint64_t b) {
  return {static_cast<std::uint64_t>(meaning) << 32 | a, b};
}

Key function_key(const Frame& frame) {
  if (frame.function != 0) return make_key(Means::kFunction, frame.function, std::uint64_t{frame.file} << 1 | 1);
  return make_key(Means::kModule, frame.module, 0);
}

Key line_key(const Frame& frame) {
  if (frame.file != 0 && frame.line != 0) return make_key(Means::kSource, frame.file, frame.line);
  if (frame.function != 0) return make_key(Means::kFunction, frame.function, std::uint64_t{frame.module} << 1);
  return make_key(Means::kOffset, frame.module, frame.offset);
}

Key key_of(const Frame& frame, PlaceKind kind) {
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
  std::unordered_map<Key, std::uint32_t, KeyHash> numbers;
  places.of_frame.reserve(profile.frames.size());
  for (FrameIndex i = 0; i < profile.frames.size(); ++i) {
    const auto next = static_cast<std::uint32_t>(places.example.size());
    const auto [entry, inserted] = numbers.try_emplace(key_of(profile.frames[i], kind), next);
    if (inserted) places.example.push_back(i);
    places.of_frame.push_back(entry->second);
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
  std::unordered_map<Key, std::uint32_t, KeyHash> numbers;
  numbers.reserve(profile.stacks.size());
  for (NodeIndex node = 0; node < profile.stacks.size(); ++node) {
    const StackNode& entry = profile.stacks[node];
    const auto next = static_cast<std::uint32_t>(stacks.example.size());
    std::uint32_t number = next;
    if (entry.frame != kNoIndex) {
      const std::uint64_t parent = entry.parent == kNoIndex ? kNoIndex : stacks.of_node[entry.parent];
      const Key key{parent << 32 | lines.of_frame[entry.frame], functions.of_frame[entry.frame]};
      number = numbers.try_emplace(key, next).first->second;
    }
    if (number == next) stacks.example.push_back(node);
    stacks.of_node.push_back(number);
  }
  return stacks;
}

}  // namespace memprof::report
