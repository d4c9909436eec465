#include "collect/dwarf_function_names.hpp"

#include <dwarf.h>

#include "collect/demangle.hpp"
#include "collect/dwarf_attributes.hpp"

namespace memprof::collect {
namespace {

// Functions in classes in functions in …: beyond this the data are damaged.
constexpr int kDeepestNesting = 8;

/// Whether functions of the unit that the entry is in have scopes. dwz's partial units name no language: what they hold
/// came from units that have names in common, so the scopes that are there are meant.
bool has_scopes(Dwarf_Die die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return false;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
      return false;
    default:
      return true;
  }
}

const char* linkage_name(const DwarfHandle& handle, Dwarf_Die function) {
  const char* name = text_of(handle, find_attribute(handle, function, DW_AT_linkage_name));
  return name != nullptr ? name : text_of(handle, find_attribute(handle, function, DW_AT_MIPS_linkage_name));
}

bool has_flag(const DwarfHandle& handle, Dwarf_Die die, unsigned attribute) {
  bool set = false;
  auto found = find_attribute(handle, die, attribute);
  return found && dwarf_formflag(&*found, &set) == 0 && set;
}

}  // namespace

const FunctionText& FunctionNames::of(Dwarf_Die function) {
  const auto [known, is_new] = known_.try_emplace(function.addr);
  if (is_new) known->second = describe(function);
  return known->second;
}

FunctionText FunctionNames::describe(Dwarf_Die function) {
  FunctionText text;
  text.line = static_cast<std::uint32_t>(number_of(find_attribute(handle_, function, DW_AT_decl_line)));
  text.file = files_.path(find_attribute(handle_, function, DW_AT_decl_file));
  const char* linkage = linkage_name(handle_, function);
  if (linkage != nullptr && is_mangled(linkage)) {
    text.name = demangled(linkage);
    return text;
  }
  const char* name = text_of(handle_, find_attribute(handle_, function, DW_AT_name));
  if (name == nullptr) name = linkage;
  if (name == nullptr) return text;
  // External without a mangled name: extern "C", whatever namespace it is in.
  if (!has_scopes(function) || (text.line != 0 && has_flag(handle_, function, DW_AT_external))) {
    text.name = texts_.intern(name);
    return text;
  }
  text.bare = text.line == 0;
  const Dwarf_Die declaration = declaration_of(handle_, function);
  const auto [known, is_new] = qualified_.try_emplace(declaration.addr);
  if (is_new) known->second = texts_.intern(qualified(declaration, name, 0));
  text.name = known->second;
  return text;
}

std::string_view FunctionNames::demangled(const char* linkage_name) {
  const auto [known, is_new] = demangled_.try_emplace(linkage_name);
  if (is_new) known->second = texts_.intern(demangle(linkage_name));
  return known->second;
}

std::string FunctionNames::qualified(Dwarf_Die declaration, const char* name, int nesting) {
  std::string text;
  if (nesting < kDeepestNesting) {
    const auto scopes = enclosing(declaration).of(declaration);
    // A function's full name begins with the scopes around it: nothing outside the innermost function is needed.
    std::size_t first = scopes.size();
    while (first > 0 && dwarf_tag(const_cast<Dwarf_Die*>(&scopes[first - 1])) != DW_TAG_subprogram) --first;
    if (first > 0) --first;
    for (; first < scopes.size(); ++first) text += scope_name(scopes[first], nesting) + "::";
  }
  return text + name;
}

std::string FunctionNames::scope_name(Dwarf_Die scope, int nesting) {
  const int tag = dwarf_tag(&scope);
  if (tag == DW_TAG_subprogram) {
    const char* linkage = linkage_name(handle_, scope);
    if (linkage != nullptr && is_mangled(linkage)) return std::string(demangled(linkage));
    const char* name = text_of(handle_, find_attribute(handle_, scope, DW_AT_name));
    const Dwarf_Die declaration = declaration_of(handle_, scope);
    return name == nullptr ? "{unnamed function}" : qualified(declaration, name, nesting + 1);
  }
  if (const char* name = own_name(handle_, scope)) return name;
  return tag == DW_TAG_namespace ? "(anonymous namespace)" : "{unnamed type}";
}

const EnclosingScopes& FunctionNames::enclosing(Dwarf_Die die) {
  auto& scopes = scopes_[die.cu];
  if (scopes) return *scopes;
  Dwarf_Die unit;
  dwarf_diecu(&die, &unit, nullptr, nullptr);
  scopes = std::make_unique<EnclosingScopes>(unit);
  return *scopes;
}

}  // namespace memprof::collect
