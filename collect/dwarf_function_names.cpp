#include "collect/dwarf_function_names.hpp"

#include <dwarf.h>

#include <cstring>

#include "collect/demangle.hpp"
#include "collect/dwarf_attributes.hpp"
#include "collect/dwarf_types.hpp"

namespace memprof::collect {
namespace {

enum class Language { kPlain, kCpp, kOther };

/// How functions are named in the unit that the entry is in: in C and assembly by one word.
Language language_of(Dwarf_Die die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return Language::kPlain;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
      return Language::kPlain;
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
      return Language::kCpp;
    default:
      return Language::kOther;
  }
}

bool is_rust(Dwarf_Die die) {
  Dwarf_Die unit;
  return dwarf_diecu(&die, &unit, nullptr, nullptr) != nullptr && dwarf_srclang(&unit) == DW_LANG_Rust;
}

bool has_flag(Dwarf_Die die, unsigned attribute) {
  bool set = false;
  auto found = find_attribute(die, attribute);
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
  describe_place(function, text);
  describe_argument(function, text);
  const char* linkage = linkage_name(function);
  if (linkage != nullptr && is_mangled(linkage)) {
    text.name = demangled(linkage);
    return text;
  }
  const char* name = text_of(find_attribute(function, DW_AT_name));
  if (name == nullptr) name = linkage;
  if (name == nullptr) return text;
  const Language language = language_of(function);
  // External without a mangled name: extern "C", whatever namespace it is in.
  const bool is_c = text.line != 0 && has_flag(function, DW_AT_external);
  if (language == Language::kPlain || is_c) {
    text.name = texts_.intern(name);
    return text;
  }
  const Dwarf_Die declaration = declaration_of(function);
  const auto [known, is_new] = qualified_.try_emplace(declaration.addr);
  if (is_new) {
    const bool with_parameters = language == Language::kCpp && text.line != 0;
    std::string full = scoped_.function(declaration, name, with_parameters);
    // Neither scopes nor parameters: true for `static void f()`, and for everything with -g1.
    if (full == name + std::string("()")) full = name;
    known->second = texts_.intern(std::move(full));
  }
  text.bare = known->second == name;
  text.name = known->second;
  return text;
}

void FunctionNames::describe_place(Dwarf_Die function, FunctionText& text) {
  text.line = static_cast<std::uint32_t>(number_of(find_attribute(function, DW_AT_decl_line)));
  text.file = files_.path(find_attribute(function, DW_AT_decl_file));
  if (text.line != 0) return;
  // GCC gives the place of a lambda to its class only.
  const char* name = text_of(find_attribute(function, DW_AT_name));
  if (name == nullptr || std::strcmp(name, "operator()") != 0) return;
  auto closure = scoped_.enclosing(declaration_of(function));
  if (!closure || dwarf_tag(&*closure) == DW_TAG_subprogram) return;
  text.line = static_cast<std::uint32_t>(number_of(own_attribute(*closure, DW_AT_decl_line)));
  text.file = files_.path(own_attribute(*closure, DW_AT_decl_file));
}

/// Only of functions that allocate, in C++, where names say the rest.
void FunctionNames::describe_argument(Dwarf_Die function, FunctionText& text) {
  const char* own = text_of(find_attribute(function, DW_AT_name));
  if (own == nullptr) return;
  const std::string_view name(own);
  const Dwarf_Die declaration = declaration_of(function);
  std::optional<Dwarf_Die> argument;
  if (name.starts_with("make_unique")) {
    argument = first_type_argument(declaration);
  } else if (name.starts_with("allocate")) {
    const auto allocator = scoped_.enclosing(declaration);
    if (allocator) argument = first_type_argument(*allocator);
  } else if (name.ends_with('>') && is_rust(function)) {
    argument = first_type_argument(declaration);
    // Rust names its pointers: "alloc::boxed::Box<T>".
    const bool named = argument && dwarf_tag(&*argument) == DW_TAG_pointer_type && own_name(*argument) != nullptr;
    if (argument) text.argument = texts_.intern(named ? own_name(*argument) : scoped_.type_name(*argument));
  }
  text.argument_bytes = type_bytes(argument);
}

std::string_view FunctionNames::demangled(const char* linkage) {
  const auto [known, is_new] = demangled_.try_emplace(linkage);
  if (is_new) known->second = texts_.intern(demangle(linkage));
  return known->second;
}

}  // namespace memprof::collect
