#include "collect/dwarf_enclosing.hpp"

#include <dwarf.h>

#include <algorithm>
#include <functional>

#include "collect/dwarf_die_scan.hpp"
#include "collect/dwarf_handle.hpp"

namespace memprof::collect {
namespace {

bool names_its_children(unsigned tag) {
  switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_interface_type:
    case DW_TAG_subprogram:
      return true;
    default:
      return false;
  }
}

}  // namespace

EnclosingScopes::EnclosingScopes(Dwarf_Die unit) {
  struct Open {
    std::int32_t scope;
    std::uint32_t depth;
  };
  std::vector<Open> open;
  DieScan scan(unit);
  const auto close_down_to = [&](std::uint32_t depth, const void* end) {
    for (; !open.empty() && open.back().depth >= depth; open.pop_back()) {
      scopes_[static_cast<std::size_t>(open.back().scope)].end = end;
    }
  };
  for (DieScan::Entry entry; scan.next(entry);) {
    close_down_to(entry.depth, entry.die.addr);
    if (!entry.has_children || !names_its_children(entry.tag)) continue;
    const auto index = static_cast<std::int32_t>(scopes_.size());
    scopes_.push_back({entry.die, nullptr, open.empty() ? -1 : open.back().scope});
    open.push_back({index, entry.depth});
  }
  const auto bytes = unit_entries(unit);
  close_down_to(0, bytes.data() + bytes.size());
}

std::size_t EnclosingScopes::first_from(const void* entry) const {
  const std::less<> before;
  const auto found = std::lower_bound(scopes_.begin(), scopes_.end(), entry,
                                      [&](const Scope& scope, const void* at) { return before(scope.die.addr, at); });
  return static_cast<std::size_t>(found - scopes_.begin());
}

std::vector<Dwarf_Die> EnclosingScopes::of(Dwarf_Die die) const {
  const std::less<> before;
  std::vector<Dwarf_Die> chain;
  auto index = static_cast<std::int32_t>(first_from(die.addr)) - 1;
  while (index >= 0) {
    const Scope& scope = scopes_[static_cast<std::size_t>(index)];
    if (before(die.addr, scope.end)) chain.push_back(scope.die);
    index = scope.parent;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

std::vector<Dwarf_Die> EnclosingScopes::beside(Dwarf_Die scope) const {
  const std::size_t own = first_from(scope.addr);
  if (own == scopes_.size() || scopes_[own].die.addr != scope.addr) return {scope};
  const std::int32_t parent = scopes_[own].parent;
  const std::size_t first = static_cast<std::size_t>(parent + 1);
  const std::size_t last = parent < 0 ? scopes_.size() : first_from(scopes_[static_cast<std::size_t>(parent)].end);
  std::vector<Dwarf_Die> found;
  for (std::size_t index = first; index < last; ++index) {
    if (scopes_[index].parent == parent) found.push_back(scopes_[index].die);
  }
  return found;
}

}  // namespace memprof::collect
