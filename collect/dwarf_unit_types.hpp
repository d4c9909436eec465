#pragma once
// The types that a compilation unit defines, by the names that its source text uses for them.

#include <elfutils/libdw.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collect/dwarf_scoped_names.hpp"

namespace memprof::collect {

/// One thread and one libdw handle.
class UnitTypes {
 public:
  explicit UnitTypes(ScopedNames& scoped) : scoped_(scoped) {}

  /// What `written` means within the function of that qualified name: the innermost scope's, else the only one there
  /// is. Nothing where it is ambiguous or unknown.
  std::optional<Dwarf_Die> find(Dwarf_Die in_unit, std::string_view written, std::string_view function);

 private:
  using ByName = std::multimap<std::string_view, Dwarf_Die>;  ///< by name without scopes and template arguments
  const ByName& types_of(Dwarf_Die in_unit);

  ScopedNames& scoped_;
  std::unordered_map<Dwarf_CU*, ByName> units_;
};

}  // namespace memprof::collect
