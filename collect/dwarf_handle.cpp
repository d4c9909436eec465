#include "collect/dwarf_handle.hpp"

#include <functional>

namespace memprof::collect {
namespace {

/// The section of `dwarf` that contains `address`, as libdw holds it in memory (decompressed).
std::span<const unsigned char> section_around(Dwarf* dwarf, const unsigned char* address) {
  Elf* elf = dwarf_getelf(dwarf);
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(scn, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    if ((header.sh_flags & SHF_ALLOC) != 0 || header.sh_type != SHT_PROGBITS) continue;
    const Elf_Data* data = elf_getdata(scn, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    const auto* begin = static_cast<const unsigned char*>(data->d_buf);
    const std::less_equal<> not_after;
    if (not_after(begin, address) && !not_after(begin + data->d_size, address)) return {begin, data->d_size};
  }
  return {};
}

}  // namespace

std::unique_ptr<DwarfHandle> DwarfHandle::open(const ModuleFiles& files) {
  std::unique_ptr<DwarfHandle> handle(new DwarfHandle);
  handle->file_ = files.dwarf()->again();
  if (!handle->file_) return nullptr;
  handle->dwarf_ = dwarf_begin_elf(handle->file_.get(), DWARF_C_READ, nullptr);
  if (handle->dwarf_ == nullptr) return nullptr;
  handle->lowest_code_ = handle->file_.lowest_code();
  if (files.alt) {
    handle->alt_file_ = files.alt.again();
    if (handle->alt_file_) handle->alt_dwarf_ = dwarf_begin_elf(handle->alt_file_.get(), DWARF_C_READ, nullptr);
    if (handle->alt_dwarf_ != nullptr) dwarf_setalt(handle->dwarf_, handle->alt_dwarf_);
  }
  return handle;
}

DwarfHandle::~DwarfHandle() {
  if (dwarf_ != nullptr) dwarf_end(dwarf_);
  if (alt_dwarf_ != nullptr) dwarf_end(alt_dwarf_);
}

std::span<const unsigned char> unit_entries(Dwarf_Die unit) {
  Dwarf* dwarf = dwarf_cu_getdwarf(unit.cu);
  const auto* first = static_cast<const unsigned char*>(unit.addr);
  const Dwarf_Off offset = dwarf_dieoffset(&unit);
  const Dwarf_Off start = offset - dwarf_cuoffset(&unit);
  Dwarf_Off next = 0;
  std::size_t header_size = 0;
  if (dwarf_next_unit(dwarf, start, &next, &header_size, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) != 0) {
    return {};
  }
  const auto section = section_around(dwarf, first);
  if (section.empty() || next <= offset) return {};
  const auto room = static_cast<std::size_t>(section.data() + section.size() - first);
  return {first, std::min<std::size_t>(room, next - offset)};
}

}  // namespace memprof::collect
