#pragma once
// Names of source files as DWARF numbers them, made absolute.

#include <elfutils/libdw.h>

#include <optional>
#include <string_view>
#include <unordered_map>

#include "collect/symbol_texts.hpp"

namespace memprof::collect {

/// One thread; must not outlive the libdw handle that its arguments come from.
class SourceFiles {
 public:
  explicit SourceFiles(TextPool& texts) : texts_(texts) {}

  /// A name out of the line table of `unit`: joined to the compilation directory where relative, `.` and `..` resolved
  /// as text (the directories may not exist here).
  std::string_view path(Dwarf_Die unit, const char* name);

  /// What DW_AT_decl_file or DW_AT_call_file stands for; the number counts in the attribute's own unit.
  std::string_view path(std::optional<Dwarf_Attribute> file_number);

 private:
  TextPool& texts_;
  std::unordered_map<const char*, std::string_view> paths_;
  std::unordered_map<Dwarf_CU*, Dwarf_Files*> files_;
};

}  // namespace memprof::collect
