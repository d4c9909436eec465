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
  SiteTypes(const Profile& profile, const std::vector<FrameFacts>& facts)
      : profile_(profile), facts_(facts), library_(profile.strings.size(), Answer::kUnknown) {}

  /// nullptr: unknown, or nothing was allocated there. Sites of one type mostly share what is pointed to.
  const FoundType* of(const Site& site);

 private:
  enum class Answer : char { kUnknown, kNo, kYes };
  /// Functions and their arguments, innermost first.
  using Names = std::pair<std::vector<StringIndex>, std::vector<std::string_view>>;

  bool is_library(FrameIndex frame);
  const FoundType& by_names(NodeIndex node);
  FoundType type_of_names() const;
  const FoundType* by_hints(NodeIndex node, const BlockSizes& sizes);

  const Profile& profile_;
  const std::vector<FrameFacts>& facts_;
  std::vector<Answer> library_;  ///< by function
  std::map<Names, FoundType> types_by_names_;
  Names names_;                     ///< that are looked up; here to keep their room
  std::vector<FrameIndex> frames_;  ///< the same as frames
  std::unordered_map<const TypeHint*, FoundType> types_by_hints_;
};

}  // namespace memprof::collect
