#include "preload/unwind_object.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "preload/unwind_memory.hpp"

namespace memprof::preload {
namespace {

struct ProgramHeaders {
  const ElfW(Phdr) * first;
  std::size_t count;
  std::uintptr_t entry;  ///< before relocation; 0: not known
};

/// Linkers put the headers into the first page. BOLT puts them behind everything, at equal offset and address.
bool are_moved_headers(std::uintptr_t bias, const std::uint8_t* at, std::size_t count) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  if (count == 0 || !is_readable(address) || !is_readable(address + count * sizeof(ElfW(Phdr)) - 8)) return false;
  const auto* first = reinterpret_cast<const ElfW(Phdr)*>(at);
  return first->p_type == PT_PHDR && bias + first->p_vaddr == address;
}

/// The headers that the file itself points to.
bool read_file_start(const dl_find_object& found, ProgramHeaders& headers) {
  const auto* file = static_cast<const std::uint8_t*>(found.dlfo_map_start);
  const auto* map_end = static_cast<const std::uint8_t*>(found.dlfo_map_end);
  ElfW(Ehdr) header;
  if (map_end - file < static_cast<std::ptrdiff_t>(sizeof(header))) return false;
  __builtin_memcpy(&header, file, sizeof(header));
  if (__builtin_memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr))) return false;
  constexpr std::size_t kReadable = 4096;  // of the first segment, whatever its size
  const std::size_t bytes = header.e_phnum * sizeof(ElfW(Phdr));
  const auto mapped = static_cast<std::size_t>(map_end - file);
  if (header.e_phoff > mapped || bytes > mapped - header.e_phoff) return false;
  if (header.e_phoff + bytes > kReadable &&
      !are_moved_headers(found.dlfo_link_map->l_addr, file + header.e_phoff, header.e_phnum)) {
    return false;
  }
  headers = {reinterpret_cast<const ElfW(Phdr)*>(file + header.e_phoff), header.e_phnum, header.e_entry};
  return true;
}

/// The program's own. When there are gaps between its segments the loader names only the one with the code, and not
/// where the file starts.
ProgramHeaders program_headers() {
  return {reinterpret_cast<const ElfW(Phdr)*>(getauxval(AT_PHDR)), getauxval(AT_PHNUM), 0};
}

bool contains(const ElfW(Phdr) & segment, std::uintptr_t bias, std::uintptr_t address) {
  return address >= bias + segment.p_vaddr && address - bias - segment.p_vaddr < segment.p_filesz;
}

}  // namespace

Object find_object(std::uintptr_t address, FoundObject& object) {
  dl_find_object found;
  // _dl_find_object rather than dl_iterate_phdr: that takes the loader's lock, which another thread may hold while it
  // waits for this one.
  if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return Object::kNone;
  const std::uintptr_t bias = found.dlfo_link_map->l_addr;
  const auto wanted = reinterpret_cast<std::uintptr_t>(found.dlfo_eh_frame);
  ProgramHeaders headers{};
  if (!read_file_start(found, headers)) headers = program_headers();
  object.entry = headers.entry != 0 ? bias + headers.entry : 0;
  // A file's mapping can have holes between its segments; only the segment itself is sure to be readable.
  const ElfW(Phdr)* around = nullptr;
  bool right_file = false;
  for (std::size_t i = 0; i < headers.count; ++i) {
    const ElfW(Phdr)& segment = headers.first[i];
    if (segment.p_type == PT_GNU_EH_FRAME) right_file = bias + segment.p_vaddr == wanted;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_R) != 0 && contains(segment, bias, wanted))
      around = &segment;
  }
  if (wanted == 0 || !right_file || around == nullptr) return Object::kNoUnwindInformation;
  object.section.begin = reinterpret_cast<const std::uint8_t*>(bias + around->p_vaddr);
  object.section.end = object.section.begin + around->p_filesz;
  object.section.header = static_cast<const std::uint8_t*>(found.dlfo_eh_frame);
  return Object::kFound;
}

}  // namespace memprof::preload
