#include "preload/unwind_object.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

namespace memprof::preload {
namespace {

bool is_elf_header(const ElfW(Ehdr) & header) {
  return __builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_phentsize == sizeof(ElfW(Phdr)) &&
         header.e_phnum != PN_XNUM;
}

}  // namespace

Object find_object(std::uintptr_t address, FoundObject& object) {
  dl_find_object found;
  // _dl_find_object rather than dl_iterate_phdr: that takes the loader's lock, which another thread may hold while it
  // waits for this one.
  if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return Object::kNone;
  object.entry = 0;

  // The mapping of a file can have holes between its segments; only the segment itself is sure to be readable. Its
  // bounds stand in the program headers, at the start of the first segment in every file that ld, gold, lld or mold
  // made.
  const auto* file = static_cast<const std::uint8_t*>(found.dlfo_map_start);
  const auto* map_end = static_cast<const std::uint8_t*>(found.dlfo_map_end);
  ElfW(Ehdr) header;
  if (map_end - file < static_cast<std::ptrdiff_t>(sizeof(header))) return Object::kNoUnwindInformation;
  __builtin_memcpy(&header, file, sizeof(header));
  if (!is_elf_header(header)) return Object::kNoUnwindInformation;
  const auto first_page_end = header.e_phoff + std::size_t{header.e_phnum} * sizeof(ElfW(Phdr));
  if (first_page_end > 4096) return Object::kNoUnwindInformation;
  const auto bias = found.dlfo_link_map->l_addr;
  if (header.e_entry != 0) object.entry = bias + header.e_entry;
  if (found.dlfo_eh_frame == nullptr) return Object::kNoUnwindInformation;
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(file + header.e_phoff);
  const auto wanted = reinterpret_cast<std::uintptr_t>(found.dlfo_eh_frame);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const ElfW(Phdr)& segment = segments[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_R) == 0) continue;
    const std::uintptr_t begin = bias + segment.p_vaddr;
    if (wanted < begin || wanted - begin >= segment.p_filesz) continue;
    object.section.begin = reinterpret_cast<const std::uint8_t*>(begin);
    object.section.end = object.section.begin + segment.p_filesz;
    object.section.header = static_cast<const std::uint8_t*>(found.dlfo_eh_frame);
    return Object::kFound;
  }
  return Object::kNoUnwindInformation;
}

}  // namespace memprof::preload
