#pragma once
// Attributes of entries, with the two references that functions are told in pieces by: DW_AT_abstract_origin (an
// inlined or cloned instance → the function) and DW_AT_specification (a definition → its declaration in a class or
// namespace).

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>

namespace memprof::collect {

/// What the attribute of this very entry refers to.
[[nodiscard]] std::optional<Dwarf_Die> referenced(Dwarf_Die die, unsigned attribute);

/// The entry that the next piece of a function's description is in: its abstract origin, else its specification.
[[nodiscard]] std::optional<Dwarf_Die> described_by(Dwarf_Die die);

/// The attribute of the entry or of the first entry along described_by() that has it.
[[nodiscard]] std::optional<Dwarf_Attribute> find_attribute(Dwarf_Die die, unsigned attribute);

/// The last entry along described_by(): the declaration in its class or namespace.
[[nodiscard]] Dwarf_Die declaration_of(Dwarf_Die die);

/// nullptr: none, or it is in a dwz file that is not there. Lives as long as the libdw handle.
[[nodiscard]] const char* text_of(std::optional<Dwarf_Attribute> attribute);
[[nodiscard]] const char* own_name(Dwarf_Die die);

/// 0: none.
[[nodiscard]] std::uint64_t number_of(std::optional<Dwarf_Attribute> attribute);

[[nodiscard]] std::optional<Dwarf_Attribute> own_attribute(Dwarf_Die die, unsigned attribute);

}  // namespace memprof::collect
