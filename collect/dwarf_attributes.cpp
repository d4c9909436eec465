#include "collect/dwarf_attributes.hpp"

#include <dwarf.h>

namespace memprof::collect {
namespace {

// Compilers need three: instance, definition, declaration. More than this is a cycle in damaged data.
constexpr int kLongestDescription = 16;

bool is_in_alt(unsigned form) { return form == DW_FORM_GNU_ref_alt || form == DW_FORM_GNU_strp_alt; }

/// Left to itself libdw opens any dwz file of the right name; ours was checked. A dwz file refers to no further one.
bool may_follow(const DwarfHandle& handle, Dwarf_Attribute& attribute) {
  if (!is_in_alt(dwarf_whatform(&attribute))) return true;
  return handle.has_alt() && dwarf_cu_getdwarf(attribute.cu) == handle.get();
}

}  // namespace

std::optional<Dwarf_Attribute> own_attribute(Dwarf_Die die, unsigned attribute) {
  Dwarf_Attribute found;
  if (dwarf_attr(&die, attribute, &found) == nullptr) return std::nullopt;
  return found;
}

std::optional<Dwarf_Die> referenced(const DwarfHandle& handle, Dwarf_Die die, unsigned attribute) {
  auto reference = own_attribute(die, attribute);
  Dwarf_Die target;
  if (!reference || !may_follow(handle, *reference)) return std::nullopt;
  if (dwarf_formref_die(&*reference, &target) == nullptr) return std::nullopt;
  return target;
}

std::optional<Dwarf_Die> described_by(const DwarfHandle& handle, Dwarf_Die die) {
  const auto origin = referenced(handle, die, DW_AT_abstract_origin);
  return origin ? origin : referenced(handle, die, DW_AT_specification);
}

std::optional<Dwarf_Attribute> find_attribute(const DwarfHandle& handle, Dwarf_Die die, unsigned attribute) {
  for (int hop = 0; hop < kLongestDescription; ++hop) {
    if (auto found = own_attribute(die, attribute)) return found;
    const auto next = described_by(handle, die);
    if (!next) break;
    die = *next;
  }
  return std::nullopt;
}

Dwarf_Die declaration_of(const DwarfHandle& handle, Dwarf_Die die) {
  for (int hop = 0; hop < kLongestDescription; ++hop) {
    const auto next = described_by(handle, die);
    if (!next) break;
    die = *next;
  }
  return die;
}

const char* text_of(const DwarfHandle& handle, std::optional<Dwarf_Attribute> attribute) {
  if (!attribute || !may_follow(handle, *attribute)) return nullptr;
  return dwarf_formstring(&*attribute);
}

const char* own_name(const DwarfHandle& handle, Dwarf_Die die) {
  return text_of(handle, own_attribute(die, DW_AT_name));
}

std::uint64_t number_of(std::optional<Dwarf_Attribute> attribute) {
  Dwarf_Word value = 0;
  if (!attribute || dwarf_formudata(&*attribute, &value) != 0) return 0;
  return value;
}

}  // namespace memprof::collect
