#include "collect/dwarf_unit_types.hpp"

#include <dwarf.h>

#include "collect/dwarf_attributes.hpp"
#include "collect/dwarf_die_scan.hpp"
#include "collect/dwarf_types.hpp"
#include "collect/qualified_name.hpp"
#include "collect/type_spelling.hpp"

namespace memprof::collect {
namespace {

// Instances of one class template; a unit with more is not worth the time.
constexpr int kMostCandidates = 200;

bool is_named_type(unsigned tag) {
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
         tag == DW_TAG_typedef || tag == DW_TAG_base_type || tag == DW_TAG_enumeration_type;
}

std::string_view base_name(std::string_view name) { return name.substr(0, name.find('<')); }

/// "a::B<int>" of the function a::B<int>::f, spelled.
std::string scope_of(std::string_view function) {
  const auto parts = split_qualified_name(function);
  std::string scope;
  for (std::size_t at = 0; at + 1 < parts.size(); ++at) {
    scope += (scope.empty() ? "" : "::") + std::string(parts[at].whole);
  }
  return spelled_type(scope);
}

/// How many characters of scope `full` and the function share when `full` is what `written` stands for; nothing when
/// it isn't.
std::optional<std::size_t> fit(const std::string& full, const std::string& written, const std::string& scope) {
  if (full == written) return 0;
  if (!full.ends_with("::" + written)) return std::nullopt;
  const std::string outer = full.substr(0, full.size() - written.size() - 2);
  const bool around = scope == outer || scope.starts_with(outer + "::");
  return around ? outer.size() : 0;
}

}  // namespace

const UnitTypes::ByName& UnitTypes::types_of(Dwarf_Die in_unit) {
  const auto [known, is_new] = units_.try_emplace(in_unit.cu);
  Dwarf_Die unit;
  if (!is_new || dwarf_diecu(&in_unit, &unit, nullptr, nullptr) == nullptr) return known->second;
  DieScan scan(unit);
  for (DieScan::Entry entry; scan.next(entry);) {
    if (!is_named_type(entry.tag)) continue;
    const char* name = own_name(entry.die);
    if (name != nullptr && !own_attribute(entry.die, DW_AT_declaration)) {
      known->second.emplace(base_name(name), entry.die);
    }
  }
  return known->second;
}

std::optional<Dwarf_Die> UnitTypes::find(Dwarf_Die in_unit, std::string_view written, std::string_view function) {
  const ByName& types = types_of(in_unit);
  const std::string text = spelled_type(written.starts_with("::") ? written.substr(2) : written);
  const auto parts = split_qualified_name(text);
  if (parts.empty()) return std::nullopt;
  // An alias hides what it stands for: std::string is in the unit as basic_string only by its typedef.
  const auto [first, last] = types.equal_range(parts.back().name);
  const std::string scope = scope_of(function);
  std::optional<Dwarf_Die> best;
  std::size_t best_fit = 0;
  bool ambiguous = false;
  int candidates = 0;
  for (auto at = first; at != last && candidates < kMostCandidates; ++at, ++candidates) {
    Dwarf_Die die = at->second;
    const bool alias = dwarf_tag(&die) == DW_TAG_typedef;
    const std::string full = spelled_type(alias ? scoped_.alias_name(die) : scoped_.type_name(die));
    const auto fits = fit(full, text, scope);
    if (!fits) continue;
    if (best && *fits == best_fit && type_bytes(die) != type_bytes(*best)) ambiguous = true;
    if (best && *fits <= best_fit) continue;
    best = die;
    best_fit = *fits;
    ambiguous = false;
  }
  return ambiguous ? std::nullopt : best;
}

}  // namespace memprof::collect
