#include "collect/dwarf_unit_lookup.hpp"

#include <dwarf.h>

#include <algorithm>

#include "collect/dwarf_attributes.hpp"
#include "collect/dwarf_die_scan.hpp"
#include "collect/type_from_names.hpp"

namespace memprof::collect {
namespace {

// Damaged or hostile data could make every entry cover every address. Real units stay far below.
constexpr std::size_t kMostSteps = 200'000'000;
constexpr std::size_t kDeepestInlining = 256;

/// Calls visit(first, last) with the indices of the addresses in each range of the entry, within a budget of steps.
class RangeVisitor {
 public:
  RangeVisitor(std::span<const std::uint64_t> addresses, std::uint64_t lowest_code)
      : addresses_(addresses), lowest_code_(lowest_code) {}

  template <typename Visit>
  void visit(Dwarf_Die& die, const Visit& visit) {
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    for (std::ptrdiff_t at = 0; steps_ < kMostSteps && (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0;) {
      ++steps_;
      if (start < lowest_code_ || start >= end) continue;
      const auto first = std::lower_bound(addresses_.begin(), addresses_.end(), start);
      const auto last = std::lower_bound(first, addresses_.end(), end);
      steps_ += static_cast<std::size_t>(last - first);
      if (first != last) {
        visit(static_cast<std::size_t>(first - addresses_.begin()),
              static_cast<std::size_t>(last - addresses_.begin()));
      }
    }
  }
  bool exhausted() const { return steps_ >= kMostSteps; }

 private:
  std::span<const std::uint64_t> addresses_;
  std::uint64_t lowest_code_;
  std::size_t steps_ = 0;
};

/// The row of the line table that covers the address, nullptr: none.
Dwarf_Line* line_at(Dwarf_Die& unit, std::uint64_t address) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0) return nullptr;
  const auto starts_after = [&](std::size_t index) {
    Dwarf_Addr start = 0;
    return dwarf_lineaddr(dwarf_onesrcline(lines, index), &start) != 0 || start > address;
  };
  std::size_t low = 0;
  std::size_t high = count;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (starts_after(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == 0) return nullptr;
  Dwarf_Line* line = dwarf_onesrcline(lines, low - 1);
  bool is_end = false;
  return line == nullptr || dwarf_lineendsequence(line, &is_end) != 0 || is_end ? nullptr : line;
}

}  // namespace

/// Finds the innermost scope of every address.
struct UnitLookup::Innermost {
  std::vector<Scope> scopes;
  std::vector<std::int32_t> of;  ///< by address; -1: none

  Innermost(const DwarfHandle& handle, Dwarf_Die unit, std::span<const std::uint64_t> addresses)
      : of(addresses.size(), -1), ranges_(addresses, handle.lowest_code()) {
    DieScan scan(unit);
    for (DieScan::Entry entry; !ranges_.exhausted() && scan.next(entry);) {
      while (!open_.empty() && open_.back().depth >= entry.depth) open_.pop_back();
      if (entry.tag != DW_TAG_subprogram && entry.tag != DW_TAG_inlined_subroutine) continue;
      open_.push_back({entry.depth, entry.has_code ? enter(entry) : -1});
    }
  }

 private:
  struct Open {
    std::uint32_t depth;
    std::int32_t scope;  ///< -1: covers none of the addresses
  };

  /// A function takes addresses that no other has, an inlined one takes them from the one it was inlined into.
  std::int32_t enter(DieScan::Entry& entry) {
    const bool inlined = entry.tag == DW_TAG_inlined_subroutine;
    const std::int32_t parent = inlined && !open_.empty() ? open_.back().scope : -1;
    if (inlined && (parent < 0 || open_.size() > kDeepestInlining)) return -1;
    const auto scope = static_cast<std::int32_t>(scopes.size());
    bool used = false;
    ranges_.visit(entry.die, [&](std::size_t first, std::size_t last) {
      for (std::size_t index = first; index < last; ++index) {
        if (of[index] != parent) continue;
        of[index] = scope;
        used = true;
      }
    });
    if (!used) return -1;
    scopes.push_back({entry.die, parent});
    return scope;
  }

  RangeVisitor ranges_;
  std::vector<Open> open_;
};

std::vector<DwarfMatch> UnitLookup::match(Dwarf_Die unit, std::span<const std::uint64_t> addresses,
                                          std::span<const char> wants_types) {
  // With split DWARF the unit in the file is a skeleton: functions are in the .dwo file, lines are not.
  Dwarf_Die split{};
  const bool is_split = dwarf_cu_info(unit.cu, nullptr, nullptr, nullptr, &split, nullptr, nullptr, nullptr) == 0 &&
                        split.addr != nullptr;
  const Innermost innermost(handle_, is_split ? split : unit, addresses);
  std::vector<DwarfMatch> matches;
  matches.reserve(addresses.size());
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    matches.push_back(chain_of(unit, addresses[index], innermost.scopes, innermost.of[index]));
    if (wants_types[index] != 0) {
      add_hints(matches.back().chain, innermost.scopes, innermost.of[index], addresses[index]);
    }
  }
  return matches;
}

/// To the innermost frame of the program's own: a hint is about what its call returns. Also to those that it returns
/// the block to without knowing its type.
void UnitLookup::add_hints(FrameChain& chain, const std::vector<Scope>& scopes, std::int32_t innermost,
                           std::uint64_t address) {
  std::size_t at = 0;
  for (std::int32_t index = innermost; index >= 0 && at < chain.size(); ++at) {
    const Scope& scope = scopes[static_cast<std::size_t>(index)];
    SourceFrame& frame = chain[at];
    if (!is_library_function(frame.function)) {
      frame.hints = hints_.around({scope.die, frame.function, frame.file, frame.line, address + 1});
      frame.returns_any_pointer = TypeHints::returns_any_pointer(scope.die);
      if (!frame.returns_any_pointer) return;
    }
    index = scope.parent;
  }
}

DwarfMatch UnitLookup::chain_of(Dwarf_Die unit, std::uint64_t address, const std::vector<Scope>& scopes,
                                std::int32_t innermost) {
  DwarfMatch match;
  SourceFrame frame;
  if (Dwarf_Line* row = line_at(unit, address)) {
    int line = 0;
    if (dwarf_lineno(row, &line) == 0 && line > 0) frame.line = static_cast<std::uint32_t>(line);
    frame.file = files_.path(unit, dwarf_linesrc(row, nullptr, nullptr));
  }
  if (innermost < 0) {
    match.wants_symbol = true;
    if (!frame.file.empty()) match.chain.push_back(frame);
    return match;
  }
  for (std::int32_t index = innermost; index >= 0;) {
    const Scope& scope = scopes[static_cast<std::size_t>(index)];
    const FunctionText& function = names_.of(scope.die);
    frame.function = function.name;
    frame.function_line = function.file == frame.file ? function.line : 0;
    frame.argument = function.argument;
    frame.argument_bytes = function.argument_bytes;
    frame.inlined = scope.parent >= 0;
    match.wants_symbol = function.bare || function.name.empty();
    match.chain.push_back(frame);
    frame = {};
    frame.file = files_.path(own_attribute(scope.die, DW_AT_call_file));
    frame.line = static_cast<std::uint32_t>(number_of(own_attribute(scope.die, DW_AT_call_line)));
    index = scope.parent;
  }
  return match;
}

void read_ahead(const DwarfHandle& handle, std::vector<Dwarf_Off> units, std::uint64_t most_bytes) {
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  for (const Dwarf_Off offset : units) {
    Dwarf_Die unit;
    if (offset == kNoUnit || dwarf_offdie(handle.get(), offset, &unit) == nullptr) continue;
    const std::uint64_t bytes = unit_entries(unit).size();
    if (bytes > most_bytes) return;
    most_bytes -= bytes;
    Dwarf_Lines* lines = nullptr;
    std::size_t count = 0;
    dwarf_getsrclines(&unit, &lines, &count);
    const DieScan shapes(unit);
  }
}

}  // namespace memprof::collect
