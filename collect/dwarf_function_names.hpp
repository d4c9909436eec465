#pragma once
// What a function's entry says about it: its name as people write it, and where its definition begins.

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collect/dwarf_enclosing.hpp"
#include "collect/dwarf_handle.hpp"
#include "collect/dwarf_source_files.hpp"
#include "collect/symbol_texts.hpp"

namespace memprof::collect {

struct FunctionText {
  std::string_view name;  ///< empty: unknown
  /// The name lacks its scopes and parameters, because the debug info is for line tables only (-g1,
  /// -gline-tables-only): a symbol of the ELF file, if one covers the address, says more.
  bool bare = false;
  std::string_view file;   ///< of the definition
  std::uint32_t line = 0;  ///< 0: unknown
};

/// One thread and one libdw handle.
class FunctionNames {
 public:
  FunctionNames(const DwarfHandle& handle, TextPool& texts, SourceFiles& files)
      : handle_(handle), texts_(texts), files_(files) {}

  /// `function` is a DW_TAG_subprogram or DW_TAG_inlined_subroutine.
  const FunctionText& of(Dwarf_Die function);

 private:
  FunctionText describe(Dwarf_Die function);
  std::string_view demangled(const char* linkage_name);
  std::string qualified(Dwarf_Die declaration, const char* name, int nesting);
  std::string scope_name(Dwarf_Die scope, int nesting);
  const EnclosingScopes& enclosing(Dwarf_Die die);

  const DwarfHandle& handle_;
  TextPool& texts_;
  SourceFiles& files_;
  std::unordered_map<const void*, FunctionText> known_;                     ///< by entry
  std::unordered_map<const char*, std::string_view> demangled_;             ///< by place of the name in .debug_str
  std::unordered_map<const void*, std::string_view> qualified_;             ///< by declaration
  std::unordered_map<Dwarf_CU*, std::unique_ptr<EnclosingScopes>> scopes_;  ///< read when first needed
};

}  // namespace memprof::collect
