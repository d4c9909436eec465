#pragma once
// Which namespaces, classes and functions enclose an entry: DWARF has no reference from an entry to its parent.

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

namespace memprof::collect {

/// The named scopes of one unit, read in one pass.
class EnclosingScopes {
 public:
  explicit EnclosingScopes(Dwarf_Die unit);

  /// Outermost first, without the unit itself.
  std::vector<Dwarf_Die> of(Dwarf_Die die) const;

  /// The scopes that have the same innermost scope around them as this scope, itself among them, in file order.
  std::vector<Dwarf_Die> beside(Dwarf_Die scope) const;

 private:
  struct Scope {
    Dwarf_Die die;
    const void* end = nullptr;  ///< first entry behind the scope's children
    std::int32_t parent = -1;
  };

  /// Index of the first scope at or behind the entry.
  std::size_t first_from(const void* entry) const;

  std::vector<Scope> scopes_;  ///< by address of the entry
};

}  // namespace memprof::collect
