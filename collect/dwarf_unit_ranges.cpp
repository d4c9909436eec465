#include "collect/dwarf_unit_ranges.hpp"

#include <algorithm>

namespace memprof::collect {
namespace {

// Damaged or hostile data could give every unit all the ranges that there are. Real files stay far below.
constexpr std::size_t kMostRanges = 8'000'000;
constexpr std::size_t kMostSteps = 200'000'000;

}  // namespace

UnitRanges::UnitRanges(Dwarf* dwarf, std::uint64_t lowest_code) {
  Dwarf_Off next = 0;
  std::size_t header_size = 0;
  for (Dwarf_Off at = 0; ranges_.size() < kMostRanges; at = next) {
    if (dwarf_next_unit(dwarf, at, &next, &header_size, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) != 0) {
      return;
    }
    Dwarf_Die unit;
    if (dwarf_offdie(dwarf, at + header_size, &unit) != nullptr) add(unit, at + header_size, lowest_code);
  }
}

void UnitRanges::add(Dwarf_Die unit, Dwarf_Off offset, std::uint64_t lowest_code) {
  const std::size_t first = ranges_.size();
  Dwarf_Addr base = 0;
  Dwarf_Addr start = 0;
  Dwarf_Addr end = 0;
  for (std::ptrdiff_t at = 0;
       ranges_.size() < kMostRanges && (at = dwarf_ranges(&unit, at, &base, &start, &end)) > 0;) {
    if (start >= lowest_code && start < end) ranges_.push_back({start, end});
  }
  if (ranges_.size() > first) units_.push_back({offset, ranges_.size()});
}

std::vector<Dwarf_Off> UnitRanges::units_of(std::span<const std::uint64_t> addresses) const {
  std::vector<Dwarf_Off> found(addresses.size(), kNoUnit);
  std::size_t steps = 0;
  std::size_t range = 0;
  for (const Unit& unit : units_) {
    for (; range < unit.ranges_end; ++range) {
      auto address = std::lower_bound(addresses.begin(), addresses.end(), ranges_[range].start);
      for (; address != addresses.end() && *address < ranges_[range].end; ++address) {
        if (++steps > kMostSteps) return found;
        Dwarf_Off& of = found[static_cast<std::size_t>(address - addresses.begin())];
        if (of == kNoUnit) of = unit.offset;
      }
    }
  }
  return found;
}

}  // namespace memprof::collect
