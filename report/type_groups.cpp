#include "report/type_groups.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "report/places.hpp"

namespace memprof::report {
namespace {

constexpr const char* kNoStackName = "(no stack recorded)";

void add(TypeGroup& group, const Profile& profile, const Site& site) {
  Sums sums;
  sums.add(site);
  sums.frees = sums.freed_bytes = 0;
  group.sums.add(sums);
  const auto same_type = [&](const TypeShare& share) { return share.type == site.type; };
  auto share = std::find_if(group.shares.begin(), group.shares.end(), same_type);
  if (share == group.shares.end()) {
    share = group.shares.insert(group.shares.end(), TypeShare{});
    share->type = site.type;
    share->smallest = site.min_size;
  }
  share->sums.add(sums);
  share->smallest = std::min(share->smallest, site.min_size);
  share->largest = std::max(share->largest, site.max_size);
  const std::uint64_t size = site.type == kNoIndex ? 0 : profile.types[site.type].size;
  share->multiples = share->multiples && (size == 0 || site.size_divisor % size == 0);
}

/// Rows of the result by the name of the type or the place of the site.
class Groups {
 public:
  TypeGroup& of_type(StringIndex name, const Profile& profile) {
    const auto [known, is_new] = by_type_.try_emplace(name, groups_.size());
    if (is_new) groups_.emplace_back().name = profile.text(name);
    return groups_[known->second];
  }

  TypeGroup& of_place(std::uint32_t place, FrameIndex frame, const Profile& profile) {
    const auto [known, is_new] = by_place_.try_emplace(place, groups_.size());
    if (is_new) {
      TypeGroup& group = groups_.emplace_back();
      group.frame = frame;
      group.name = frame == kNoIndex ? kNoStackName : place_name(profile, PlaceKind::kLine, frame);
    }
    return groups_[known->second];
  }

  std::vector<TypeGroup> take() { return std::move(groups_); }

 private:
  std::vector<TypeGroup> groups_;
  std::unordered_map<StringIndex, std::size_t> by_type_;
  std::unordered_map<std::uint32_t, std::size_t> by_place_;
};

}  // namespace

std::vector<TypeGroup> group_by_type(const Profile& profile, const OwnFrames& own, const std::vector<bool>& kept,
                                     bool raw) {
  const Places places = number_places(profile, PlaceKind::kLine);
  Groups groups;
  for (const Site& site : profile.sites) {
    if (site.allocations == 0 || (!kept.empty() && !kept[site.stack])) continue;
    if (site.type != kNoIndex) {
      const Type& type = profile.types[site.type];
      add(groups.of_type(raw ? type.raw_name : type.name, profile), profile, site);
      continue;
    }
    const FrameIndex frame = profile.stacks[own.source[site.stack]].frame;
    const std::uint32_t place = frame == kNoIndex ? kNoIndex : places.of_frame[frame];
    add(groups.of_place(place, frame == kNoIndex ? kNoIndex : places.example[place], profile), profile, site);
  }
  return groups.take();
}

const char* evidence_text(TypeEvidence evidence) {
  switch (evidence) {
    case TypeEvidence::kTemplateArgument:
      return "template argument";
    case TypeEvidence::kConstructor:
      return "constructor";
    case TypeEvidence::kAllocationType:
      return "compiler's note at the call";
    case TypeEvidence::kVariable:
      return "declared variable";
    case TypeEvidence::kSource:
      return "text of the line";
    case TypeEvidence::kLibraryClass:
      return "library class";
  }
  return "";
}

}  // namespace memprof::report
