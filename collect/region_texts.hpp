#pragma once
// Names that the program gave to scopes and snapshots, as they stand in the region; each is read once, when its first
// mark comes, because the target could write over it later.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "collect/region_damage.hpp"
#include "collect/shared_region.hpp"

namespace memprof::collect {

class RegionTexts {
 public:
  /// What stands for texts that found no room in the region.
  static constexpr char kNoRoom[] = "(too many names)";

  RegionTexts(const SharedRegion& region, RegionDamage& damage) : region_(region), damage_(damage) {}

  /// The number of a text: the same for equal texts.
  std::uint32_t index_of(wire::TextReference reference);

  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::string read(wire::TextReference reference);

  const SharedRegion& region_;
  RegionDamage& damage_;
  std::vector<std::string> texts_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_reference_;
  std::unordered_map<std::string, std::uint32_t> by_text_;
};

}  // namespace memprof::collect
