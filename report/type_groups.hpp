#pragma once
// Sites added up by the type of their blocks.

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/own_frame.hpp"
#include "report/sums.hpp"

namespace memprof::report {

/// What a group has of one row of Profile::types, or of sites without a type.
struct TypeShare {
  std::uint32_t type = kNoIndex;
  Sums sums;
  std::uint64_t smallest = 0, largest = 0;  ///< sizes of its blocks
  bool multiples = true;  ///< every size is a multiple of the type's; false: the number of elements is in front of them
};

struct TypeGroup {
  std::string name;             ///< of the type; of the line that allocates where the type is unknown
  Sums sums;                    ///< without frees: of those the type isn't known
  FrameIndex frame = kNoIndex;  ///< of that line; kNoIndex for types
  std::vector<TypeShare> shares;
};

/// `kept` by stack node, empty: all. `raw`: nodes and buffers under their own names, not their containers'.
std::vector<TypeGroup> group_by_type(const Profile& profile, const OwnFrames& own, const std::vector<bool>& kept,
                                     bool raw);

/// "template argument", "constructor", …
const char* evidence_text(TypeEvidence evidence);

}  // namespace memprof::report
