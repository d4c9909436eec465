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

 private:
  struct Scope {
    Dwarf_Die die;
    const void* end = nullptr;  ///< first entry behind the scope's children
    std::int32_t parent = -1;
  };

  std::vector<Scope> scopes_;  ///< by address of the entry
};

}  // namespace memprof::collect
