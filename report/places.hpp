#pragma once
// Numbers frames and stacks by what a report tells apart: the same line, function, file, module or whole stack.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/own_frame.hpp"

namespace memprof::report {

enum class PlaceKind : std::uint8_t { kLine, kFunction, kFile, kModule };

struct Places {
  std::vector<std::uint32_t> of_frame;  ///< place number for each frame
  std::vector<FrameIndex> example;      ///< for each place a frame that is in it
};

/// Frames without source are told apart by function and module, without a function by module and offset (lines) or
/// by module (all else).
Places number_places(const Profile& profile, PlaceKind kind);

std::string place_name(const Profile& profile, PlaceKind kind, FrameIndex frame);

/// Stacks of equal function names and lines are one stack, whatever their addresses.
struct Stacks {
  std::vector<std::uint32_t> of_node;  ///< stack number for each node
  std::vector<NodeIndex> example;      ///< for each stack a node that is its innermost end
};
Stacks number_stacks(const Profile& profile);

}  // namespace memprof::report
