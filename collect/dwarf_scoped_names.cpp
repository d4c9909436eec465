#include "collect/dwarf_scoped_names.hpp"

#include <dwarf.h>

#include <array>
#include <cstring>
#include <utility>

#include "collect/demangle.hpp"
#include "collect/dwarf_attributes.hpp"

namespace memprof::collect {
namespace {

// What a name may cost: types can refer to each other in circles, and damaged data fan out.
constexpr unsigned kDeepest = 32;
constexpr unsigned kMostSteps = 500;
constexpr const char* kElided = "...";

/// GCC's DWARF calls `unsigned long` "long unsigned int"; demanglers, and so all other names, don't.
const char* base_type_name(const char* name) {
  static constexpr std::array<std::array<const char*, 2>, 7> kSpellings = {
      {{"long int", "long"},
       {"long unsigned int", "unsigned long"},
       {"long long int", "long long"},
       {"long long unsigned int", "unsigned long long"},
       {"short int", "short"},
       {"short unsigned int", "unsigned short"},
       {"__int128 unsigned", "unsigned __int128"}}};
  for (const auto& [ours, theirs] : kSpellings) {
    if (std::strcmp(name, ours) == 0) return theirs;
  }
  return name;
}

/// Parameters come first in a function's entry, among them types that only they use; then what its body is made of.
bool begins_body(int tag) {
  return tag == DW_TAG_variable || tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine ||
         tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site || tag == DW_TAG_label;
}

bool flag(Dwarf_Die die, unsigned attribute) {
  bool set = false;
  auto found = own_attribute(die, attribute);
  return found && dwarf_formflag(&*found, &set) == 0 && set;
}

}  // namespace

const char* linkage_name(Dwarf_Die function) {
  const char* name = text_of(find_attribute(function, DW_AT_linkage_name));
  return name != nullptr ? name : text_of(find_attribute(function, DW_AT_MIPS_linkage_name));
}

std::string ScopedNames::function(Dwarf_Die declaration, const char* name, bool with_parameters) {
  depth_ = 0;
  steps_left_ = kMostSteps;
  std::string text = scopes(declaration) + name;
  if (with_parameters) text += parameters(declaration);
  return text;
}

std::string ScopedNames::type_name(Dwarf_Die die) {
  depth_ = 0;
  steps_left_ = kMostSteps;
  return type(die, "");
}

std::string ScopedNames::alias_name(Dwarf_Die die) {
  depth_ = 0;
  steps_left_ = kMostSteps;
  const char* name = own_name(die);
  return name == nullptr ? kElided : scopes(die) + name;
}

std::optional<Dwarf_Die> ScopedNames::enclosing(Dwarf_Die die) {
  const auto around = scopes_of_unit(die).of(die);
  if (around.empty()) return std::nullopt;
  return around.back();
}

/// "a::b::", empty at the top.
std::string ScopedNames::scopes(Dwarf_Die die) {
  std::string text;
  const auto around = scopes_of_unit(die).of(die);
  // The name of a function says what is around it: nothing outside the innermost function is needed.
  std::size_t first = around.size();
  while (first > 0) {
    Dwarf_Die outer = around[--first];
    if (dwarf_tag(&outer) == DW_TAG_subprogram) break;
  }
  for (; first < around.size(); ++first) text += scope(around[first]) + "::";
  return text;
}

std::string ScopedNames::scope(Dwarf_Die die) {
  const int tag = dwarf_tag(&die);
  if (tag != DW_TAG_subprogram) {
    if (const char* name = own_name(die)) return name;
    return tag == DW_TAG_namespace ? "(anonymous namespace)" : unnamed_class(die);
  }
  const char* linkage = linkage_name(die);
  if (linkage != nullptr && is_mangled(linkage)) return demangle(linkage);
  const char* name = text_of(find_attribute(die, DW_AT_name));
  if (name == nullptr || depth_ >= kDeepest) return kElided;
  ++depth_;
  const Dwarf_Die declaration = declaration_of(die);
  auto external = find_attribute(die, DW_AT_external);
  const bool is_c = external.has_value();  // extern "C"; anything else that is external has a linkage name
  std::string text = is_c ? name : scopes(declaration) + name + parameters(declaration);
  --depth_;
  return text;
}

/// "{lambda(int)#1}" as the C++ ABI counts: among the lambdas of one function that have the same parameters, by place.
std::string ScopedNames::unnamed_class(Dwarf_Die die) {
  const auto known = lambdas_.find(die.addr);
  if (known != lambdas_.end()) return known->second;
  const auto signature = depth_ < kDeepest ? lambda_signature(die) : std::nullopt;
  if (!signature) return "{unnamed type}";
  const auto place = [](Dwarf_Die at) {
    return std::pair(number_of(own_attribute(at, DW_AT_decl_line)), number_of(own_attribute(at, DW_AT_decl_column)));
  };
  std::size_t number = 1;
  for (const Dwarf_Die& other : scopes_of_unit(die).beside(die)) {
    if (place(other) < place(die) && lambda_signature(other) == signature) ++number;
  }
  return lambdas_[die.addr] = "{lambda" + *signature + "#" + std::to_string(number) + "}";
}

/// The parameters of the call operator; nothing if the class is no lambda's.
std::optional<std::string> ScopedNames::lambda_signature(Dwarf_Die closure) {
  Dwarf_Die child;
  if (own_name(closure) != nullptr || dwarf_child(&closure, &child) != 0) return std::nullopt;
  do {
    if (steps_left_ == 0) return std::nullopt;
    --steps_left_;
    if (dwarf_tag(&child) != DW_TAG_subprogram) continue;
    const char* name = own_name(child);
    if (name == nullptr || std::strcmp(name, "operator()") != 0) continue;
    ++depth_;
    const std::string signature = parameters(child);
    --depth_;
    return signature.substr(0, signature.rfind(')') + 1);
  } while (dwarf_siblingof(&child, &child) == 0);
  return std::nullopt;
}

std::string ScopedNames::parameters(Dwarf_Die function) {
  std::string list;
  bool const_member = false;
  Dwarf_Die child;
  if (dwarf_child(&function, &child) == 0) append_parameters(child, list, const_member);
  return "(" + list + (const_member ? ") const" : ")");
}

void ScopedNames::append_parameters(Dwarf_Die first, std::string& list, bool& const_member) {
  Dwarf_Die child = first;
  do {
    if (steps_left_ == 0) return;
    --steps_left_;
    const int tag = dwarf_tag(&child);
    Dwarf_Die packed;
    if (tag == DW_TAG_GNU_formal_parameter_pack && depth_ < kDeepest && dwarf_child(&child, &packed) == 0) {
      ++depth_;
      append_parameters(packed, list, const_member);
      --depth_;
      continue;
    }
    if (begins_body(tag)) return;
    if (tag != DW_TAG_formal_parameter && tag != DW_TAG_unspecified_parameters) continue;
    if (flag(child, DW_AT_artificial)) {
      // `this`: what it points to is const in a const member function.
      auto pointee = target(child);
      if (pointee && dwarf_tag(&*pointee) == DW_TAG_const_type) pointee = target(*pointee);
      if (pointee) pointee = target(*pointee);
      const_member = pointee && dwarf_tag(&*pointee) == DW_TAG_const_type;
      continue;
    }
    if (!list.empty()) list += ", ";
    list += tag == DW_TAG_formal_parameter ? type(target(child), "") : "...";
  } while (dwarf_siblingof(&child, &child) == 0);
}

std::optional<Dwarf_Die> ScopedNames::target(Dwarf_Die die) const { return referenced(die, DW_AT_type); }

/// `typedef struct { … } T`: T is all the name there is.
bool ScopedNames::names_unnamed_class(Dwarf_Die alias) const {
  auto aliased = target(alias);
  if (!aliased || own_name(alias) == nullptr || own_name(*aliased) != nullptr) return false;
  const int tag = dwarf_tag(&*aliased);
  return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

/// A type the way C++ declares: `declarator` is what has been found around it so far, such as "* const".
std::string ScopedNames::type(std::optional<Dwarf_Die> die, const std::string& declarator) {
  if (!die) return "void" + declarator;
  if (depth_ >= kDeepest || steps_left_ == 0) return kElided;
  --steps_left_;
  ++depth_;
  std::string text;
  switch (dwarf_tag(&*die)) {
    case DW_TAG_const_type:
      text = type(target(*die), " const" + declarator);
      break;
    case DW_TAG_volatile_type:
      text = type(target(*die), " volatile" + declarator);
      break;
    case DW_TAG_typedef:
      text = names_unnamed_class(*die) ? scopes(*die) + own_name(*die) + declarator : type(target(*die), declarator);
      break;
    case DW_TAG_restrict_type:
      text = type(target(*die), declarator);
      break;
    case DW_TAG_pointer_type:
      text = type(target(*die), "*" + declarator);
      break;
    case DW_TAG_reference_type:
      text = type(target(*die), "&" + declarator);
      break;
    case DW_TAG_rvalue_reference_type:
      text = type(target(*die), "&&" + declarator);
      break;
    case DW_TAG_ptr_to_member_type:
      text = type(target(*die), " " + type(referenced(*die, DW_AT_containing_type), "") + "::*" + declarator);
      break;
    case DW_TAG_subroutine_type:
      text = function_type(*die, declarator);
      break;
    case DW_TAG_array_type:
      text = array_type(*die, declarator);
      break;
    default:
      text = named_type(*die) + declarator;
  }
  --depth_;
  return text;
}

std::string ScopedNames::named_type(Dwarf_Die die) {
  const auto known = types_.find(die.addr);
  if (known != types_.end()) return known->second;
  const char* name = own_name(die);
  const int tag = dwarf_tag(&die);
  std::string text;
  if (tag == DW_TAG_base_type) {
    text = name == nullptr ? kElided : base_type_name(name);
  } else if (tag == DW_TAG_unspecified_type) {
    text = name == nullptr ? kElided : name;
  } else {
    text = scopes(die) + (name == nullptr ? unnamed_class(die) : name);
  }
  // What was cut short here may be whole when reached from elsewhere.
  if (depth_ < kDeepest && steps_left_ > 0) types_[die.addr] = text;
  return text;
}

std::string ScopedNames::function_type(Dwarf_Die die, const std::string& declarator) {
  const std::string inner = declarator.empty() ? " " : " (" + declarator + ")";
  return type(target(die), "") + inner + parameters(die);
}

std::string ScopedNames::array_type(Dwarf_Die die, const std::string& declarator) {
  std::string bounds;
  Dwarf_Die range;
  if (dwarf_child(&die, &range) == 0) {
    const std::uint64_t count = number_of(own_attribute(range, DW_AT_count));
    const std::uint64_t upper = number_of(own_attribute(range, DW_AT_upper_bound));
    const std::uint64_t elements = count != 0 ? count : upper + 1;
    bounds = std::to_string(elements);
  }
  return type(target(die), "") + (declarator.empty() ? " [" : " (" + declarator + ") [") + bounds + "]";
}

const EnclosingScopes& ScopedNames::scopes_of_unit(Dwarf_Die die) {
  auto& scopes = units_[die.cu];
  if (scopes) return *scopes;
  Dwarf_Die unit;
  dwarf_diecu(&die, &unit, nullptr, nullptr);
  scopes = std::make_unique<EnclosingScopes>(unit);
  return *scopes;
}

}  // namespace memprof::collect
