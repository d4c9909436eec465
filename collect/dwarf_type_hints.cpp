#include "collect/dwarf_type_hints.hpp"

#include <dwarf.h>

#include <cstring>

#include "collect/allocation_text.hpp"
#include "collect/demangle.hpp"
#include "collect/dwarf_attributes.hpp"
#include "collect/dwarf_types.hpp"
#include "collect/qualified_name.hpp"
#include "collect/type_spelling.hpp"

namespace memprof::collect {
namespace {

// Entries looked at for one call; functions have some hundred.
constexpr unsigned kMostSteps = 20'000;
constexpr int kDeepestBlocks = 64;

// From operator new to the constructor, with what its arguments take to compute.
constexpr std::uint64_t kCodeBytes = 256;

// LLVM's extension, since LLVM 21; elfutils has no name for it.
constexpr unsigned kAllocType = 0x3e0e;

bool is_pointer(Dwarf_Die type) { return dwarf_tag(&type) == DW_TAG_pointer_type; }

bool is_reference(Dwarf_Die type) {
  const int tag = dwarf_tag(&type);
  return tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

/// What a pointer, a reference to one, or a std::unique_ptr and its like point to.
std::optional<Dwarf_Die> pointee(std::optional<Dwarf_Die> type) {
  auto plain = plain_type(type);
  if (plain && is_reference(*plain)) plain = plain_type(referenced(*plain, DW_AT_type));
  if (!plain) return std::nullopt;
  if (is_pointer(*plain)) return referenced(*plain, DW_AT_type);
  const char* name = own_name(*plain);
  if (name == nullptr) return std::nullopt;
  const bool owner = std::strncmp(name, "unique_ptr<", 11) == 0 || std::strncmp(name, "shared_ptr<", 11) == 0;
  return owner ? first_type_argument(*plain) : std::nullopt;
}

std::uint64_t return_address(Dwarf_Die site) {
  // GNU_call_site, of DWARF 4, has it as DW_AT_low_pc.
  for (const unsigned attribute : {DW_AT_call_return_pc, DW_AT_low_pc}) {
    auto value = own_attribute(site, attribute);
    Dwarf_Addr address = 0;
    if (value && dwarf_formaddr(&*value, &address) == 0) return address;
  }
  return 0;
}

/// The line table's line of the code at that address.
std::uint32_t line_of(Dwarf_Die in_unit, std::uint64_t address) {
  Dwarf_Die unit;
  if (dwarf_diecu(&in_unit, &unit, nullptr, nullptr) == nullptr) return 0;
  Dwarf_Line* row = dwarf_getsrc_die(&unit, address);
  int line = 0;
  return row != nullptr && dwarf_lineno(row, &line) == 0 && line > 0 ? static_cast<std::uint32_t>(line) : 0;
}

}  // namespace

std::vector<TypeHint> TypeHints::around(const CallPlace& call) {
  found_.clear();
  steps_left_ = kMostSteps;
  if (call.line == 0) return {};
  visit(call.scope, call, 0);
  // What an inlined instance doesn't repeat is in the function it is an instance of.
  if (const auto origin = referenced(call.scope, DW_AT_abstract_origin)) visit(*origin, call, 0);
  if (found_.empty()) read_code(call);
  read_source(call);
  return std::move(found_);
}

bool TypeHints::returns_any_pointer(Dwarf_Die function) {
  auto attribute = find_attribute(function, DW_AT_type);
  Dwarf_Die type;
  if (!attribute || dwarf_formref_die(&*attribute, &type) == nullptr) return false;
  const auto plain = plain_type(type);
  return plain && is_pointer(*plain) && !plain_type(referenced(*plain, DW_AT_type));
}

void TypeHints::visit(Dwarf_Die parent, const CallPlace& call, int depth) {
  Dwarf_Die child;
  if (depth > kDeepestBlocks || dwarf_child(&parent, &child) != 0) return;
  do {
    if (steps_left_ == 0) return;
    --steps_left_;
    switch (dwarf_tag(&child)) {
      case DW_TAG_variable:
        visit_variable(child, call);
        break;
      case DW_TAG_lexical_block:
        visit(child, call, depth + 1);
        break;
      case DW_TAG_inlined_subroutine:
        visit_inlined(child, call);
        break;
      case DW_TAG_call_site:
      case DW_TAG_GNU_call_site:
        visit_call(child, call);
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

void TypeHints::visit_variable(Dwarf_Die variable, const CallPlace& call) {
  if (number_of(find_attribute(variable, DW_AT_decl_line)) != call.line) return;
  if (find_attribute(variable, DW_AT_artificial)) return;
  auto attribute = find_attribute(variable, DW_AT_type);
  Dwarf_Die type;
  if (attribute && dwarf_formref_die(&*attribute, &type) != nullptr) add(pointee(type), TypeEvidence::kVariable);
}

void TypeHints::visit_inlined(Dwarf_Die inlined, const CallPlace& call) {
  if (number_of(own_attribute(inlined, DW_AT_call_line)) == call.line) {
    add(class_constructed_by(inlined), TypeEvidence::kConstructor);
  }
}

void TypeHints::visit_call(Dwarf_Die site, const CallPlace& call) {
  const std::uint64_t returns_to = return_address(site);
  if (returns_to == call.return_address) add(referenced(site, kAllocType), TypeEvidence::kAllocationType);
  if (returns_to <= call.return_address || line_of(site, returns_to - 1) != call.line) return;
  auto callee = referenced(site, DW_AT_call_origin);
  if (!callee) callee = referenced(site, DW_AT_abstract_origin);
  if (callee) add(class_constructed_by(*callee), TypeEvidence::kConstructor);
}

std::optional<Dwarf_Die> TypeHints::class_constructed_by(Dwarf_Die function) {
  const Dwarf_Die declaration = declaration_of(function);
  const char* name = own_name(declaration);
  if (name == nullptr) return std::nullopt;
  const auto around = scoped_.enclosing(declaration);
  if (!around) return std::nullopt;
  const char* class_name = own_name(*around);
  if (class_name == nullptr) return std::nullopt;
  const std::string_view text(class_name);
  return text.substr(0, text.find('<')) == name ? around : std::nullopt;
}

/// Constructors that are called by name on the same line, in code without DW_TAG_call_site.
void TypeHints::read_code(const CallPlace& call) {
  for (const CalledFunction& called : called_.after(call.return_address, kCodeBytes)) {
    if (line_of(call.scope, called.return_address - 1) != call.line) continue;
    const std::string symbol(called.symbol);
    const std::string function = is_mangled(symbol.c_str()) ? demangle(symbol.c_str()) : std::string{};
    const auto parts = split_qualified_name(function);
    if (parts.size() < 2 || parts.back().name != parts[parts.size() - 2].name) continue;
    std::string name;
    for (std::size_t at = 0; at + 1 < parts.size(); ++at) name += (at == 0 ? "" : "::") + std::string(parts[at].whole);
    add(unit_types_.find(call.scope, name, call.function), TypeEvidence::kConstructor);
  }
}

void TypeHints::read_source(const CallPlace& call) {
  const AllocationText text = read_allocation(sources_.line(call.file, call.line));
  for (const std::string_view type : text.types) add_written_type(type, call);
  for (const std::string_view variable : text.pointers) add_pointee_of(variable, call);
}

void TypeHints::add_written_type(std::string_view written, const CallPlace& call) {
  const std::string spelled = spelled_type(written);
  if (const std::uint64_t bytes = built_in_size(spelled); bytes != 0 && !spelled.ends_with('*')) {
    found_.push_back({texts_.intern(spelled), bytes, TypeEvidence::kSource});
    return;
  }
  std::size_t stars = 0;
  while (written.ends_with('*')) {
    written.remove_suffix(1);
    ++stars;
  }
  auto type = unit_types_.find(call.scope, written, call.function);
  if (!type) type = template_parameter(call.scope, written);
  if (!type) return;
  if (stars == 0) {
    add(type, TypeEvidence::kSource);
  } else {
    const std::string name = spelled_type(scoped_.type_name(*type)) + std::string(stars, '*');
    found_.push_back({texts_.intern(name), sizeof(void*), TypeEvidence::kSource});
  }
}

/// T of `template <typename T>` around the function.
std::optional<Dwarf_Die> TypeHints::template_parameter(Dwarf_Die function, std::string_view name) {
  Dwarf_Die around = declaration_of(function);
  for (std::optional<Dwarf_Die> scope = around; scope; scope = scoped_.enclosing(*scope)) {
    Dwarf_Die child;
    if (dwarf_child(&*scope, &child) != 0) continue;
    do {
      if (steps_left_ == 0) return std::nullopt;
      --steps_left_;
      const char* own = own_name(child);
      if (dwarf_tag(&child) == DW_TAG_template_type_parameter && own != nullptr && own == name) {
        return referenced(child, DW_AT_type);
      }
    } while (dwarf_siblingof(&child, &child) == 0);
  }
  return std::nullopt;
}

void TypeHints::add_pointee_of(std::string_view variable, const CallPlace& call) {
  Dwarf_Die child;
  Dwarf_Die scope = call.scope;
  if (dwarf_child(&scope, &child) != 0) return;
  do {
    if (steps_left_ == 0) return;
    --steps_left_;
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_variable && tag != DW_TAG_formal_parameter) continue;
    const char* name = text_of(find_attribute(child, DW_AT_name));
    auto attribute = find_attribute(child, DW_AT_type);
    Dwarf_Die type;
    if (name == nullptr || name != variable || !attribute || dwarf_formref_die(&*attribute, &type) == nullptr) continue;
    add(pointee(type), TypeEvidence::kSource);
  } while (dwarf_siblingof(&child, &child) == 0);
}

void TypeHints::add(std::optional<Dwarf_Die> type, TypeEvidence evidence) {
  const std::uint64_t bytes = type_bytes(type);
  if (bytes == 0) return;
  found_.push_back({texts_.intern(spelled_type(scoped_.type_name(*type))), bytes, evidence});
}

}  // namespace memprof::collect
