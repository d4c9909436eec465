#pragma once
// Names of entries that no linker symbol names (static functions, functions in anonymous namespaces, local classes),
// put together from the scopes around them and, for C++, the types of their parameters: spelled as demanglers do.

#include <elfutils/libdw.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collect/dwarf_enclosing.hpp"

namespace memprof::collect {

/// One thread and one libdw handle.
class ScopedNames {
 public:
  /// "(anonymous namespace)::hidden(int, char* const*)" or, without parameters, "crate::module::function".
  std::string function(Dwarf_Die declaration, const char* name, bool with_parameters);

  /// "std::vector<int, std::allocator<int> >"; typedefs are what they stand for.
  std::string type_name(Dwarf_Die die);

  /// "std::string" of that typedef.
  std::string alias_name(Dwarf_Die die);

  /// The innermost namespace, class or function around the entry.
  std::optional<Dwarf_Die> enclosing(Dwarf_Die die);

 private:
  std::string scopes(Dwarf_Die die);
  std::string scope(Dwarf_Die die);
  std::string unnamed_class(Dwarf_Die die);
  std::optional<std::string> lambda_signature(Dwarf_Die closure);
  std::string parameters(Dwarf_Die function);
  void append_parameters(Dwarf_Die first, std::string& list, bool& const_member);
  std::string type(std::optional<Dwarf_Die> die, const std::string& declarator);
  std::string named_type(Dwarf_Die die);
  std::string function_type(Dwarf_Die die, const std::string& declarator);
  std::string array_type(Dwarf_Die die, const std::string& declarator);
  bool names_unnamed_class(Dwarf_Die alias) const;
  std::optional<Dwarf_Die> target(Dwarf_Die die) const;
  const EnclosingScopes& scopes_of_unit(Dwarf_Die die);

  std::unordered_map<Dwarf_CU*, std::unique_ptr<EnclosingScopes>> units_;  ///< read when first needed
  std::unordered_map<const void*, std::string> types_;                     ///< of named types, by entry
  std::unordered_map<const void*, std::string> lambdas_;                   ///< without scopes, by entry of the class
  unsigned depth_ = 0;
  unsigned steps_left_ = 0;
};

/// DW_AT_linkage_name along described_by(); nullptr: none.
[[nodiscard]] const char* linkage_name(Dwarf_Die function);

}  // namespace memprof::collect
