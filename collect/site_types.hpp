#pragma once
// Chooses the type of each site's blocks: the strongest evidence that agrees with their sizes.

#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collect/found_type.hpp"
#include "collect/symbolizer.hpp"
#include "profile/profile.hpp"

namespace memprof::collect {

/// What the symbolizer said of a frame beyond what the profile keeps.
struct FrameFacts {
  std::string_view argument;  ///< text of the Symbolizer
  std::uint64_t argument_bytes = 0;
  bool returns_any_pointer = false;  ///< void*: its caller knows the type
  std::vector<TypeHint> hints;       ///< of all code on this line
};

class SiteTypes {
 public:
  /// `facts` by the rows of profile.frames. Both must outlive this.
  SiteTypes(const Profile& profile, const std::vector<FrameFacts>& facts) : profile_(profile), facts_(facts) {}

  /// Without a name: unknown, or nothing was allocated there.
  FoundType of(const Site& site);

 private:
  bool is_library(FrameIndex frame);
  const FoundType& by_names(NodeIndex node);
  FoundType by_hints(NodeIndex node, const BlockSizes& sizes);

  const Profile& profile_;
  const std::vector<FrameFacts>& facts_;
  std::unordered_map<StringIndex, bool> library_;  ///< by function
  /// By functions and their arguments, innermost first.
  std::map<std::pair<std::vector<StringIndex>, std::vector<std::string_view>>, FoundType> types_by_names_;
};

}  // namespace memprof::collect
