#pragma once
// The look-up in one module, in three steps, of which the second may be done in parts by several threads:
// open(), match_part() for each part, match_symbols(). Results do not depend on the number of parts.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "collect/dwarf_handle.hpp"
#include "collect/symbol_files.hpp"
#include "collect/symbol_texts.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

/// Each part has its own libdw handle, which costs reading all unit headers again.
constexpr std::uint64_t kSmallestPartBytes = 1 << 20;

class ModuleLookup {
 public:
  /// `addresses` ascends, without duplicates.
  /// `wants_types`, by address: look for hints at what the call there returns; what it lacks is 0.
  ModuleLookup(const ModuleImage& image, std::vector<std::uint64_t> addresses, std::vector<char> wants_types = {});

  /// Opens the files and finds out which units are concerned.
  void open(const std::vector<std::string>& debug_directories, const DebugFileSource& fetch);

  /// Divides the units into at most `most` parts, each with at least about that many bytes of DWARF. Call after open().
  std::size_t divide(unsigned most, std::uint64_t smallest_part_bytes = kSmallestPartBytes);
  /// Looks up the units of one part. Different parts may run at the same time.
  void match_part(std::size_t part, TextPool& texts);
  /// Bytes of DWARF in a part: what its duration goes by.
  std::uint64_t part_bytes(std::size_t part) const { return parts_[part].bytes; }

  /// Names what DWARF left without, and closes the files.
  void match_symbols(TextPool& texts);

  /// The chain of the address with that index.
  const FrameChain& chain(std::size_t index) const { return chains_[index]; }
  std::span<const std::uint64_t> addresses() const { return addresses_; }
  const ModuleImage& image() const { return image_; }
  bool symbols_found() const { return symbols_found_; }
  const std::string& note() const { return files_.note; }

 private:
  struct Unit {
    Dwarf_Off offset;                    ///< of its first entry
    std::uint64_t bytes;                 ///< its size
    std::vector<std::uint32_t> indices;  ///< of its addresses
  };
  struct Part {
    std::size_t first_unit = 0, last_unit = 0;
    std::uint64_t bytes = 0;
  };

  void match_unit(const Unit& unit, class UnitLookup& lookup, const DwarfHandle& handle);

  const ModuleImage& image_;
  std::vector<std::uint64_t> addresses_;
  std::vector<FrameChain> chains_;
  std::vector<char> wants_symbol_;
  std::vector<char> wants_types_;
  ModuleFiles files_;
  std::unique_ptr<DwarfHandle> first_handle_;  ///< serves open(), then the first part
  std::vector<Unit> units_;
  std::vector<Part> parts_;
  bool symbols_found_ = false;
};

}  // namespace memprof::collect
