#pragma once
// Which files tell about a module: itself, its separate debug file, and the file that dwz shares between debug files.
// Every file is checked to belong to the build that ran: no name is better than a wrong one.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/symbol_elf.hpp"
#include "collect/symbolizer.hpp"

namespace memprof::collect {

struct ModuleFiles {
  ElfFile image;  ///< false: gone, or another build by now
  ElfFile debug;  ///< the separate debug file
  ElfFile alt;    ///< what dwz moved out of the file with the DWARF
  enum class Dwarf { kNone, kInImage, kInDebug } dwarf_place = Dwarf::kNone;
  std::string note;  ///< a sentence for the user, if names will be missing

  /// The file with the DWARF, nullptr: none. Any thread, also while others use the files.
  const ElfFile* dwarf() const;
};

/// Gives the debug file of a build id from elsewhere; false: not there.
using DebugFileSource = std::function<ElfFile(const std::string& build_id)>;

/// Opens what is there. `fetch` is asked last, and only for what no local file has.
[[nodiscard]] ModuleFiles find_module_files(const ModuleImage& image, const std::vector<std::string>& debug_directories,
                                            const DebugFileSource& fetch);

/// The checksum of .gnu_debuglink: CRC-32 with polynomial 0xedb88320.
[[nodiscard]] std::uint32_t debuglink_crc(std::string_view bytes);

}  // namespace memprof::collect
