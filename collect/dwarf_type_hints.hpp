#pragma once
// What the code around a call says about the type of the block that the call returns: the constructor that is called
// on it, the variable that it is stored in, the text of the line. docs/types.md says how they rank.

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/called_functions.hpp"
#include "collect/dwarf_handle.hpp"
#include "collect/dwarf_scoped_names.hpp"
#include "collect/dwarf_unit_types.hpp"
#include "collect/source_lines.hpp"
#include "collect/symbol_texts.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

/// A call in the program's own code.
struct CallPlace {
  Dwarf_Die scope{};          ///< the function that it is in: DW_TAG_subprogram or DW_TAG_inlined_subroutine
  std::string_view function;  ///< its name
  std::string_view file;      ///< of the call
  std::uint32_t line = 0;
  std::uint64_t return_address = 0;
};

/// One thread and one libdw handle.
class TypeHints {
 public:
  TypeHints(TextPool& texts, const DwarfHandle& handle) : texts_(texts), unit_types_(scoped_), called_(handle.file()) {}

  /// In no particular order; types whose size is unknown are left out.
  std::vector<TypeHint> around(const CallPlace& call);

  /// Whether the function returns void*.
  static bool returns_any_pointer(Dwarf_Die function);

 private:
  void visit(Dwarf_Die parent, const CallPlace& call, int depth);
  void visit_variable(Dwarf_Die variable, const CallPlace& call);
  void visit_inlined(Dwarf_Die inlined, const CallPlace& call);
  void visit_call(Dwarf_Die site, const CallPlace& call);
  void read_code(const CallPlace& call);
  void read_source(const CallPlace& call);
  void add_written_type(std::string_view written, const CallPlace& call);
  void add_pointee_of(std::string_view variable, const CallPlace& call);
  std::optional<Dwarf_Die> template_parameter(Dwarf_Die function, std::string_view name);
  std::optional<Dwarf_Die> class_constructed_by(Dwarf_Die function);
  void add(std::optional<Dwarf_Die> type, TypeEvidence evidence);

  TextPool& texts_;
  ScopedNames scoped_;
  UnitTypes unit_types_;
  SourceLines sources_;
  CalledFunctions called_;
  std::vector<TypeHint> found_;
  unsigned steps_left_ = 0;
};

}  // namespace memprof::collect
