#pragma once
// What a function's entry says about it: its name as people write it, and where its definition begins.

#include <elfutils/libdw.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "collect/dwarf_scoped_names.hpp"
#include "collect/dwarf_source_files.hpp"
#include "collect/symbol_texts.hpp"

namespace memprof::collect {

struct FunctionText {
  std::string_view name;  ///< empty: unknown
  /// The name lacks its scopes and parameters, because the debug info is for line tables only (-g1,
  /// -gline-tables-only): a symbol of the ELF file, if one covers the address, says more.
  bool bare = false;
  std::string_view file;      ///< of the definition
  std::uint32_t line = 0;     ///< 0: unknown
  std::string_view argument;  ///< T of a generic Rust function; empty: none
  /// Its size, or that of the type that an allocation function is made for (T of std::allocator<T>::allocate); 0: none
  /// or unknown.
  std::uint64_t argument_bytes = 0;
};

/// One thread and one libdw handle.
class FunctionNames {
 public:
  FunctionNames(TextPool& texts, SourceFiles& files) : texts_(texts), files_(files) {}

  /// `function` is a DW_TAG_subprogram or DW_TAG_inlined_subroutine.
  const FunctionText& of(Dwarf_Die function);

 private:
  FunctionText describe(Dwarf_Die function);
  std::string_view demangled(const char* linkage_name);
  void describe_place(Dwarf_Die function, FunctionText& text);
  void describe_argument(Dwarf_Die function, FunctionText& text);

  TextPool& texts_;
  SourceFiles& files_;
  ScopedNames scoped_;
  std::unordered_map<const void*, FunctionText> known_;          ///< by entry
  std::unordered_map<const char*, std::string_view> demangled_;  ///< by place of the name in .debug_str
  std::unordered_map<const void*, std::string_view> qualified_;  ///< by declaration
};

}  // namespace memprof::collect
