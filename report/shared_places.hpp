#pragma once
// One numbering of places (lines, functions, files, modules, stacks) for two profiles, so that equal numbers are the
// same place. By name, never by address.
//
// A source line is known by its function and its distance from the function's first line, so that a function that
// was pushed down by an edit above it still compares. Where the text of a line is known on both sides, equal texts
// within a function find each other first, and different ones are never taken for the same. The text is known when
// the source can be read and hasn't changed since the profile was made.

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"
#include "report/places.hpp"
#include "report/source_text.hpp"

namespace memprof::report {

struct SharedPlaces {
  std::vector<std::uint32_t> of_old_frame, of_new_frame;
  std::uint32_t count = 0;
};

/// One of the two profiles and where its sources are.
struct DiffSide {
  const Profile& profile;
  SourceFiles& sources;
};

SharedPlaces share_places(DiffSide old_side, DiffSide new_side, PlaceKind kind);

struct SharedStacks {
  std::vector<std::uint32_t> of_old_node, of_new_node;
  std::uint32_t count = 0;
};

/// Stacks are the same when all their frames are in the same functions and, unless `functions_only`, lines.
SharedStacks share_stacks(DiffSide old_side, DiffSide new_side, bool functions_only = false);

}  // namespace memprof::report
