#include "collect/dwarf_types.hpp"

#include <dwarf.h>

#include "collect/dwarf_attributes.hpp"

namespace memprof::collect {
namespace {

// Compilers write a handful; more is a cycle in damaged data.
constexpr int kLongestChain = 32;
constexpr int kMostChildren = 1000;

bool is_qualifier(int tag) {
  return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
         tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

}  // namespace

std::optional<Dwarf_Die> plain_type(std::optional<Dwarf_Die> type) {
  for (int hop = 0; type && hop < kLongestChain; ++hop) {
    if (!is_qualifier(dwarf_tag(&*type))) return type;
    type = referenced(*type, DW_AT_type);
  }
  return std::nullopt;
}

std::uint64_t type_bytes(std::optional<Dwarf_Die> type) {
  auto plain = plain_type(type);
  if (!plain) return 0;
  Dwarf_Word bytes = 0;
  return dwarf_aggregate_size(&*plain, &bytes) == 0 ? bytes : 0;
}

std::optional<Dwarf_Die> first_type_argument(Dwarf_Die instance) {
  Dwarf_Die child;
  if (dwarf_child(&instance, &child) != 0) return std::nullopt;
  for (int count = 0; count < kMostChildren; ++count) {
    if (dwarf_tag(&child) == DW_TAG_template_type_parameter) return referenced(child, DW_AT_type);
    if (dwarf_siblingof(&child, &child) != 0) break;
  }
  return std::nullopt;
}

}  // namespace memprof::collect
