#include "collect/symbol_files.hpp"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "collect/symbol_unpack.hpp"

namespace memprof::collect {
namespace {

namespace fs = std::filesystem;

bool is_vdso(const std::string& path) { return path == "[vdso]" || path == "linux-vdso.so.1"; }

/// The kernel maps the same vDSO into every process, so ours is the target's; the build id is checked all the same.
ElfFile open_vdso() {
  const char* base = reinterpret_cast<const char*>(getauxval(AT_SYSINFO_EHDR));
  if (base == nullptr) return {};
  ElfW(Ehdr) header;
  std::memcpy(&header, base, sizeof header);
  // The section headers close the image; the linker script of the kernel puts nothing behind them.
  const std::size_t size = header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize;
  return ElfFile::open(std::vector<char>(base, base + size));
}

/// The module's own file, if it still is the one that ran.
ElfFile open_image(const ModuleImage& image, std::string& note) {
  ElfFile file;
  const bool vdso = is_vdso(image.path);
  if (vdso) {
    file = open_vdso();
  } else if (image.descriptor >= 0) {
    file = ElfFile::open(UniqueFd(fcntl(image.descriptor, F_DUPFD_CLOEXEC, 0)));
  } else if (!image.path.empty()) {
    file = ElfFile::open(image.path);
  }
  if (!file) {
    // "[heap]" and the like never were files.
    if (vdso || image.path.starts_with('/'))
      note = image.path + " cannot be read any more: its functions have no names";
    return {};
  }
  const std::string id = file.build_id();
  // Without an id from the target nothing can be compared. What was opened while the target ran is trusted to be what
  // it loaded; of a path, only a file without any id, as all tools do.
  const bool trusted = vdso || image.descriptor >= 0 || id.empty();
  const bool same = image.build_id.empty() ? trusted : id == image.build_id;
  if (same) return file;
  note = image.path + " has changed since the program loaded it (another build id): its functions have no names";
  return {};
}

/// By build id below one of the directories; the file itself must say so as well.
ElfFile open_by_build_id(const std::string& id, const std::vector<std::string>& directories) {
  for (const auto& directory : directories) {
    const std::string path = build_id_path(directory, id);
    ElfFile file = path.empty() ? ElfFile() : ElfFile::open(path);
    if (file && file.build_id() == id) return file;
  }
  return {};
}

/// By the name in .gnu_debuglink: beside the file, in .debug, and under the debug directories.
ElfFile open_by_debuglink(const ElfFile& image, const std::vector<std::string>& debug_directories) {
  GElf_Word crc = 0;
  const char* name = dwelf_elf_gnu_debuglink(image.get(), &crc);
  const std::string beside = image.directory();
  if (name == nullptr || *name == '\0' || std::strchr(name, '/') != nullptr || beside.empty()) return {};
  std::vector<std::string> directories = {beside, beside + "/.debug"};
  for (const auto& directory : debug_directories) {
    directories.push_back(directory + beside);
    // With merged /usr the file lies in /usr/lib, its debug file may lie where /lib was.
    if (beside.starts_with("/usr/")) directories.push_back(directory + beside.substr(4));
  }
  const std::string id = image.build_id();
  for (const auto& directory : directories) {
    ElfFile file = ElfFile::open(directory + "/" + name);
    if (!file) continue;
    const std::string found_id = file.build_id();
    const bool comparable = !id.empty() && !found_id.empty();
    if (comparable ? id == found_id : debuglink_crc(file.bytes()) == crc) return file;
  }
  return {};
}

/// What .gnu_debugaltlink of `file` names.
ElfFile open_alt(const ElfFile& file, const std::vector<std::string>& debug_directories, const DebugFileSource& fetch) {
  const auto section = file.section(".gnu_debugaltlink");
  if (!section) return {};
  const std::string_view link = file.contents(*section);
  const std::size_t end = link.find('\0');
  if (end == std::string_view::npos || end == 0) return {};
  const std::string id = hex(link.data() + end + 1, link.size() - end - 1);
  ElfFile alt = open_by_build_id(id, debug_directories);
  if (alt) return alt;
  const fs::path name(link.substr(0, end));
  alt = ElfFile::open((name.is_absolute() ? name : file.directory() / name).string());
  if (alt && alt.build_id() == id) return alt;
  return fetch ? fetch(id) : ElfFile();
}

}  // namespace

const ElfFile* ModuleFiles::dwarf() const {
  if (dwarf_place == Dwarf::kNone) return nullptr;
  return dwarf_place == Dwarf::kInImage ? &image : &debug;
}

ModuleFiles find_module_files(const ModuleImage& image, const std::vector<std::string>& debug_directories,
                              const DebugFileSource& fetch) {
  ModuleFiles files;
  files.image = open_image(image, files.note);
  if (files.image && files.image.has_dwarf()) {
    files.dwarf_place = ModuleFiles::Dwarf::kInImage;
  } else {
    const std::string id = files.image ? files.image.build_id() : image.build_id;
    files.debug = open_by_build_id(id, debug_directories);
    if (!files.debug && files.image) files.debug = open_by_debuglink(files.image, debug_directories);
    if (!files.debug && fetch && !id.empty() && !is_vdso(image.path)) files.debug = fetch(id);
    if (files.debug) files.note.clear();
    if (files.debug && files.debug.has_dwarf()) files.dwarf_place = ModuleFiles::Dwarf::kInDebug;
  }
  if (const ElfFile* dwarf = files.dwarf()) files.alt = open_alt(*dwarf, debug_directories, fetch);
  files.debug = unpacked(std::move(files.debug));
  files.alt = unpacked(std::move(files.alt));
  return files;
}

std::uint32_t debuglink_crc(std::string_view bytes) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t index = 0; index < table.size(); ++index) {
      std::uint32_t value = index;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0U);
      table[index] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

}  // namespace memprof::collect
