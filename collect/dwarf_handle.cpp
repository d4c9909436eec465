#include "collect/dwarf_handle.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
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

/// The smallest file that libdw takes for DWARF: a .debug_frame section, so without entries and strings to refer to.
/// range.
std::vector<char> elf_without_entries() {
  static constexpr char kNames[] = "\0.debug_frame\0.shstrtab";
  struct {
    Elf64_Ehdr header{};
    Elf64_Shdr sections[3]{};
    char names[sizeof kNames]{};
    char frames[1]{};
  } file;
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = ET_DYN;
  file.header.e_version = EV_CURRENT;
  file.header.e_ehsize = sizeof(Elf64_Ehdr);
  file.header.e_shentsize = sizeof(Elf64_Shdr);
  file.header.e_shoff = offsetof(decltype(file), sections);
  file.header.e_shnum = 3;
  file.header.e_shstrndx = 2;
  Elf64_Shdr& frames = file.sections[1];
  frames.sh_name = 1;
  frames.sh_type = SHT_PROGBITS;
  frames.sh_offset = offsetof(decltype(file), frames);
  frames.sh_size = sizeof file.frames;
  Elf64_Shdr& names = file.sections[2];
  names.sh_name = 1 + sizeof ".debug_frame";
  names.sh_type = SHT_STRTAB;
  names.sh_offset = offsetof(decltype(file), names);
  names.sh_size = sizeof kNames;
  std::memcpy(file.names, kNames, sizeof kNames);
  const char* bytes = reinterpret_cast<const char*>(&file);
  return {bytes, bytes + sizeof file};
}

}  // namespace

DwarfHandle::Reader::~Reader() {
  if (dwarf != nullptr) dwarf_end(dwarf);
}

void DwarfHandle::Reader::open(ElfFile from) {
  file = std::move(from);
  if (file) dwarf = dwarf_begin_elf(file.get(), DWARF_C_READ, nullptr);
}

std::unique_ptr<DwarfHandle> DwarfHandle::open(const ModuleFiles& files) {
  std::unique_ptr<DwarfHandle> handle(new DwarfHandle);
  handle->main_.open(files.dwarf()->again());
  handle->nothing_.open(ElfFile::open(elf_without_entries()));
  if (handle->main_.dwarf == nullptr || handle->nothing_.dwarf == nullptr) return nullptr;
  if (files.alt) handle->alt_.open(files.alt.again());
  // Left to itself libdw opens whatever file has the name in .gnu_debugaltlink, of whatever build.
  Dwarf* alt = handle->alt_.dwarf;
  if (alt != nullptr) dwarf_setalt(alt, handle->nothing_.dwarf);
  dwarf_setalt(handle->main_.dwarf, alt != nullptr ? alt : handle->nothing_.dwarf);
  handle->lowest_code_ = handle->main_.file.lowest_code();
  return handle;
}

const UnitRanges& DwarfHandle::units() {
  if (!units_) {
    const UnitSections sections{main_.file.data_in_memory(".debug_info"), main_.file.data_in_memory(".debug_abbrev")};
    units_.emplace(main_.dwarf, sections, lowest_code_);
  }
  return *units_;
}

bool DwarfHandle::is_of(const ModuleFiles& files) const {
  return files.dwarf() != nullptr && main_.file.is_same(*files.dwarf()) &&
         (files.alt ? alt_.file && alt_.file.is_same(files.alt) : !alt_.file);
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
