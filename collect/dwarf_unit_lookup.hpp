#pragma once
// Addresses of one compilation unit → chains of functions and lines, all of them in one pass over the unit.

#include <elfutils/libdw.h>

#include <cstdint>
#include <span>
#include <vector>

#include "collect/dwarf_function_names.hpp"
#include "collect/dwarf_handle.hpp"
#include "collect/dwarf_type_hints.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

struct DwarfMatch {
  FrameChain chain;           ///< empty: DWARF has neither function nor line
  bool wants_symbol = false;  ///< a symbol that covers the address names the outermost function better, if there is one
};

/// One thread and one libdw handle; what is learnt about names and files serves all units of the file.
class UnitLookup {
 public:
  UnitLookup(const DwarfHandle& handle, TextPool& texts)
      : handle_(handle), files_(texts), names_(texts, files_), hints_(texts, handle) {}

  /// `addresses` ascends and belongs to the unit of which this is the first entry. `wants_types`, by address, asks for
  /// hints at the type of what the call returns.
  std::vector<DwarfMatch> match(Dwarf_Die unit, std::span<const std::uint64_t> addresses,
                                std::span<const char> wants_types);

 private:
  struct Scope {
    Dwarf_Die die;
    std::int32_t parent;  ///< the function that this one was inlined into; -1: not inlined
  };
  struct Innermost;

  void add_hints(FrameChain& chain, const std::vector<Scope>& scopes, std::int32_t innermost, std::uint64_t address);
  DwarfMatch chain_of(Dwarf_Die unit, std::uint64_t address, const std::vector<Scope>& scopes, std::int32_t innermost);

  const DwarfHandle& handle_;
  SourceFiles files_;
  FunctionNames names_;
  TypeHints hints_;
};

/// Has libdw read what it keeps of these units, lines and the shapes of entries, up to `most_bytes` of entries.
/// `units` as UnitRanges::units_of() gives them.
void read_ahead(const DwarfHandle& handle, std::vector<Dwarf_Off> units, std::uint64_t most_bytes);

}  // namespace memprof::collect
