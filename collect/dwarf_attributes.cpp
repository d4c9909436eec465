#include "collect/dwarf_attributes.hpp"

#include <dwarf.h>

namespace memprof::collect {
namespace {

// Compilers need three: instance, definition, declaration. More than this is a cycle in damaged data.
constexpr int kLongestDescription = 16;

}  // namespace

std::optional<Dwarf_Attribute> own_attribute(Dwarf_Die die, unsigned attribute) {
  Dwarf_Attribute found;
  if (dwarf_attr(&die, attribute, &found) == nullptr) return std::nullopt;
  return found;
}

std::optional<Dwarf_Die> referenced(Dwarf_Die die, unsigned attribute) {
  auto reference = own_attribute(die, attribute);
  Dwarf_Die target;
  if (!reference || dwarf_formref_die(&*reference, &target) == nullptr) return std::nullopt;
  return target;
}

std::optional<Dwarf_Die> described_by(Dwarf_Die die) {
  const auto origin = referenced(die, DW_AT_abstract_origin);
  return origin ? origin : referenced(die, DW_AT_specification);
}

std::optional<Dwarf_Attribute> find_attribute(Dwarf_Die die, unsigned attribute) {
  for (int hop = 0; hop < kLongestDescription; ++hop) {
    if (auto found = own_attribute(die, attribute)) return found;
    const auto next = described_by(die);
    if (!next) break;
    die = *next;
  }
  return std::nullopt;
}

Dwarf_Die declaration_of(Dwarf_Die die) {
  for (int hop = 0; hop < kLongestDescription; ++hop) {
    const auto next = described_by(die);
    if (!next) break;
    die = *next;
  }
  return die;
}

const char* text_of(std::optional<Dwarf_Attribute> attribute) {
  return attribute ? dwarf_formstring(&*attribute) : nullptr;
}

const char* own_name(Dwarf_Die die) { return text_of(own_attribute(die, DW_AT_name)); }

std::uint64_t number_of(std::optional<Dwarf_Attribute> attribute) {
  Dwarf_Word value = 0;
  if (!attribute || dwarf_formudata(&*attribute, &value) != 0) return 0;
  return value;
}

}  // namespace memprof::collect
