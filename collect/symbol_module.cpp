#include "collect/symbol_module.hpp"

#include <algorithm>
#include <map>

#include "collect/demangle.hpp"
#include "collect/dwarf_unit_lookup.hpp"
#include "collect/prepared_dwarf.hpp"
#include "collect/symbol_table.hpp"

namespace memprof::collect {
ModuleLookup::ModuleLookup(const ModuleImage& image, std::vector<std::uint64_t> addresses,
                           std::vector<char> wants_types)
    : image_(image),
      addresses_(std::move(addresses)),
      chains_(addresses_.size()),
      wants_symbol_(addresses_.size(), 1),
      wants_types_(std::move(wants_types)) {
  wants_types_.resize(addresses_.size(), 0);
}

void ModuleLookup::open(const std::vector<std::string>& debug_directories, const DebugFileSource& fetch) {
  stop_expecting_dwarf(image_);
  files_ = find_module_files(image_, debug_directories, fetch);
  if (files_.dwarf() == nullptr) return;
  first_handle_ = take_prepared_dwarf(image_, files_);
  if (!first_handle_) first_handle_ = DwarfHandle::open(files_);
  if (!first_handle_) return;
  symbols_found_ = true;
  const auto offsets = first_handle_->units().units_of(addresses_);
  std::map<Dwarf_Off, std::vector<std::uint32_t>> by_unit;
  for (std::uint32_t index = 0; index < offsets.size(); ++index) {
    if (offsets[index] != kNoUnit) by_unit[offsets[index]].push_back(index);
  }
  for (auto& [offset, indices] : by_unit) {
    Dwarf_Die die;
    if (dwarf_offdie(first_handle_->get(), offset, &die) == nullptr) continue;
    units_.push_back({offset, unit_entries(die).size(), std::move(indices)});
  }
}

std::size_t ModuleLookup::divide(unsigned most, std::uint64_t smallest_part_bytes) {
  // Unpacking gigabytes once more for each thread costs more than the look-up, and memory besides.
  if (files_.dwarf() != nullptr && files_.dwarf()->dwarf_is_compressed()) most = 1;
  std::uint64_t bytes = 0;
  for (const Unit& unit : units_) bytes += unit.bytes;
  const std::uint64_t wanted = std::min<std::uint64_t>(most, 1 + bytes / smallest_part_bytes);
  const std::uint64_t share = bytes / std::max<std::uint64_t>(wanted, 1) + 1;
  parts_.clear();
  for (std::size_t index = 0; index < units_.size(); ++index) {
    if (parts_.empty() || parts_.back().bytes >= share) parts_.push_back({index, index, 0});
    parts_.back().last_unit = index + 1;
    parts_.back().bytes += units_[index].bytes;
  }
  return parts_.size();
}

void ModuleLookup::match_part(std::size_t part, TextPool& texts) {
  const auto own_handle = part == 0 ? nullptr : DwarfHandle::open(files_);
  const DwarfHandle* const handle = part == 0 ? first_handle_.get() : own_handle.get();
  if (handle == nullptr) return;
  UnitLookup lookup(*handle, texts);
  for (std::size_t index = parts_[part].first_unit; index < parts_[part].last_unit; ++index) {
    match_unit(units_[index], lookup, *handle);
  }
}

void ModuleLookup::match_unit(const Unit& unit, UnitLookup& lookup, const DwarfHandle& handle) {
  std::vector<std::uint64_t> addresses;
  std::vector<char> wants_types;
  for (const auto index : unit.indices) {
    addresses.push_back(addresses_[index]);
    wants_types.push_back(wants_types_[index]);
  }
  Dwarf_Die die;
  if (dwarf_offdie(handle.get(), unit.offset, &die) == nullptr) return;
  auto matches = lookup.match(die, addresses, wants_types);
  for (std::size_t index = 0; index < matches.size(); ++index) {
    const auto target = unit.indices[index];
    chains_[target] = std::move(matches[index].chain);
    wants_symbol_[target] = matches[index].wants_symbol ? 1 : 0;
  }
}

void ModuleLookup::match_symbols(TextPool& texts) {
  std::vector<std::uint32_t> indices;
  std::vector<std::uint64_t> addresses;
  for (std::uint32_t index = 0; index < addresses_.size(); ++index) {
    if (wants_symbol_[index] == 0) continue;
    indices.push_back(index);
    addresses.push_back(addresses_[index]);
  }
  if (!indices.empty()) {
    bool tables_found = false;
    const auto matches = collect::match_symbols(files_, addresses, tables_found);
    symbols_found_ = symbols_found_ || tables_found;
    for (std::size_t at = 0; at < matches.size(); ++at) {
      FrameChain& chain = chains_[indices[at]];
      if (chain.empty()) chain.emplace_back();
      SourceFrame& frame = chain.back();
      if (matches[at].name.empty() || (matches[at].nearest && !frame.function.empty())) continue;
      // DWARF speaks of the function, not of the parts and clones that the compiler made of it: "….cold".
      const std::size_t end = frame.function.empty() ? std::string::npos : matches[at].name.find('.');
      frame.function = texts.intern(demangle(matches[at].name.substr(0, end).c_str()));
      frame.nearest = matches[at].nearest;
    }
  }
  std::string note = std::move(files_.note);
  files_ = {};
  files_.note = std::move(note);
  keep_dwarf(image_, std::move(first_handle_));
}

}  // namespace memprof::collect
