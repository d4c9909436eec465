#pragma once
// Which code belongs to which unit of a file with DWARF. All units' first entries are read for it, once.

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace memprof::collect {

constexpr Dwarf_Off kNoUnit = ~Dwarf_Off{0};

/// In memory, unpacked; empty: unknown.
struct UnitSections {
  std::span<const unsigned char> entries;        ///< .debug_info
  std::span<const unsigned char> abbreviations;  ///< .debug_abbrev
};

class UnitRanges {
 public:
  /// Ranges that begin below `lowest_code` are left out.
  UnitRanges(Dwarf* dwarf, const UnitSections& sections, std::uint64_t lowest_code);

  /// For each of the ascending addresses the offset of the first DIE of its unit, kNoUnit where no unit has it.
  [[nodiscard]] std::vector<Dwarf_Off> units_of(std::span<const std::uint64_t> addresses) const;

 private:
  struct Unit {
    Dwarf_Off offset;
    std::size_t ranges_end;  ///< its ranges end before this one, and begin where those of the unit before it end
  };
  struct Range {
    std::uint64_t start, end;
  };

  void add(std::uint64_t start, std::uint64_t end);
  void add_all(Dwarf_Die unit);

  std::uint64_t lowest_code_;
  std::vector<Unit> units_;  ///< that have code
  std::vector<Range> ranges_;
};

}  // namespace memprof::collect
