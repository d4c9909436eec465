#include "collect/dwarf_unit_ranges.hpp"

#include <algorithm>
#include <optional>

#include "collect/dwarf_first_entry.hpp"

namespace memprof::collect {
namespace {

// Damaged or hostile data could give every unit all the ranges that there are. Real files stay far below.
constexpr std::size_t kMostRanges = 8'000'000;
constexpr std::size_t kMostSteps = 200'000'000;

}  // namespace

UnitRanges::UnitRanges(Dwarf* dwarf, const UnitSections& sections, std::uint64_t lowest_code)
    : lowest_code_(lowest_code) {
  const auto [entries, abbreviations] = sections;
  Dwarf_Off next = 0;
  Dwarf_Off shapes = 0;
  std::size_t header_size = 0;
  std::uint8_t address_bytes = 0;
  std::uint8_t offset_bytes = 0;
  for (Dwarf_Off at = 0; ranges_.size() < kMostRanges; at = next) {
    if (dwarf_next_unit(dwarf, at, &next, &header_size, nullptr, &shapes, &address_bytes, &offset_bytes, nullptr,
                        nullptr) != 0) {
      return;
    }
    const Dwarf_Off offset = at + header_size;
    Dwarf_Die unit;
    if (dwarf_offdie(dwarf, offset, &unit) == nullptr) continue;
    const std::size_t first = ranges_.size();
    std::optional<CodeRange> only;
    // As libdw has them, or it is asked.
    if (offset < entries.size() && shapes < abbreviations.size() && entries.data() + offset == unit.addr) {
      only = code_range({entries.subspan(offset), abbreviations.subspan(shapes), address_bytes, offset_bytes});
    }
    if (only) {
      add(only->start, only->end);
    } else {
      add_all(unit);
    }
    if (ranges_.size() > first) units_.push_back({offset, ranges_.size()});
  }
}

void UnitRanges::add(std::uint64_t start, std::uint64_t end) {
  if (start >= lowest_code_ && start < end) ranges_.push_back({start, end});
}

void UnitRanges::add_all(Dwarf_Die unit) {
  Dwarf_Addr base = 0;
  Dwarf_Addr start = 0;
  Dwarf_Addr end = 0;
  std::ptrdiff_t at = 0;
  while (ranges_.size() < kMostRanges && (at = dwarf_ranges(&unit, at, &base, &start, &end)) > 0) add(start, end);
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
