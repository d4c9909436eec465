#pragma once
// Reads the code range out of a unit's first entry where that is simple, as in nine of ten units: libdw takes 2 to 4 us
// for the first entry of each, and libc has 2,000 units.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace memprof::collect {

/// A unit's first entry, with what its header says.
struct FirstEntry {
  std::span<const unsigned char> bytes;          ///< from the entry to the end of the unit or beyond
  std::span<const unsigned char> abbreviations;  ///< from the unit's first one to the end of the section
  unsigned address_bytes = 0;
  unsigned offset_bytes = 0;
};

struct CodeRange {
  std::uint64_t start = 0, end = 0;  ///< equal: the unit has no code
};

/// Nothing: the entry has several ranges, or is in a form that libdw has to be asked about.
[[nodiscard]] std::optional<CodeRange> code_range(const FirstEntry& entry);

}  // namespace memprof::collect
