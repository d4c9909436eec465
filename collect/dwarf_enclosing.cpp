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

std::vector<Dwarf_Die> EnclosingScopes::of(Dwarf_Die die) const {
  const std::less<> before;
  const auto behind = std::lower_bound(scopes_.begin(), scopes_.end(), die.addr,
                                       [&](const Scope& scope, const void* at) { return before(scope.die.addr, at); });
  std::vector<Dwarf_Die> chain;
  auto index = static_cast<std::int32_t>(behind - scopes_.begin()) - 1;
  while (index >= 0) {
    const Scope& scope = scopes_[static_cast<std::size_t>(index)];
    if (before(die.addr, scope.end)) chain.push_back(scope.die);
    index = scope.parent;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace memprof::collect
