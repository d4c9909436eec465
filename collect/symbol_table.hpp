#pragma once
// Names by ELF symbol tables, for code without DWARF. Looks up a whole batch in one pass over the tables: no index of a
// library's 100,000 symbols is built for the sake of ten addresses.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "collect/symbol_files.hpp"

namespace memprof::collect {

struct SymbolMatch {
  std::string name;      ///< as in the table, without version; empty: none
  bool nearest = false;  ///< the symbol does not cover the address, it is only the nearest one below in its section
};

/// One match for each address; `addresses` ascends. Uses .symtab of the module or its debug file, .gnu_debugdata and
/// .dynsym. `tables_found` tells whether there was any.
[[nodiscard]] std::vector<SymbolMatch> match_symbols(const ModuleFiles& files, std::span<const std::uint64_t> addresses,
                                                     bool& tables_found);

/// The ELF file inside .gnu_debugdata (xz); false: there is none or it is damaged.
[[nodiscard]] ElfFile open_mini_debug_info(const ElfFile& file);

}  // namespace memprof::collect
