#include "collect/dwarf_source_files.hpp"

#include <dwarf.h>

#include <filesystem>

#include "collect/dwarf_attributes.hpp"

namespace memprof::collect {

std::string_view SourceFiles::path(Dwarf_Die unit, const char* name) {
  if (name == nullptr || *name == '\0') return {};
  const auto [known, is_new] = paths_.try_emplace(name);
  if (!is_new) return known->second;
  std::filesystem::path path(name);
  if (path.is_relative()) {
    auto directory = own_attribute(unit, DW_AT_comp_dir);
    const char* text = directory ? dwarf_formstring(&*directory) : nullptr;
    if (text != nullptr) path = text / path;
  }
  known->second = texts_.intern(path.lexically_normal().string());
  return known->second;
}

std::string_view SourceFiles::path(std::optional<Dwarf_Attribute> file_number) {
  if (!file_number) return {};
  Dwarf_Die unit;
  if (dwarf_cu_info(file_number->cu, nullptr, nullptr, &unit, nullptr, nullptr, nullptr, nullptr) != 0) return {};
  const auto [known, is_new] = files_.try_emplace(file_number->cu, nullptr);
  std::size_t count = 0;
  if (is_new && dwarf_getsrcfiles(&unit, &known->second, &count) != 0) known->second = nullptr;
  if (known->second == nullptr) return {};
  const std::uint64_t number = number_of(file_number);
  // In DWARF before version 5 file 0 means that none is known; libdw names it "???".
  Dwarf_Half version = 0;
  dwarf_cu_info(file_number->cu, &version, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  if (number == 0 && version < 5) return {};
  return path(unit, dwarf_filesrc(known->second, number, nullptr, nullptr));
}

}  // namespace memprof::collect
