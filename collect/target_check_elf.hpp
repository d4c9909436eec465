#pragma once
// What an ELF file says about whether a library can be put in front of its malloc. Knows libelf, and nothing of
// memprof.

#include <cstdint>
#include <optional>
#include <string>

namespace memprof::collect {

struct ElfFacts {
  bool is_64_bit = true;
  std::uint16_t machine = 0;  ///< EM_X86_64, …
  bool little_endian = true;
  std::uint16_t type = 0;                     ///< ET_EXEC, ET_DYN, …
  bool cut_short = false;                     ///< the file ends before what its headers announce
  std::string loader;                         ///< PT_INTERP; empty: no dynamic loader takes part in its start
  bool position_independent_program = false;  ///< DF_1_PIE: ET_DYN, yet a program and no library
  bool is_loader = false;                     ///< is itself a dynamic loader, such as ld-linux-x86-64.so.2
  std::string sanitizer;                      ///< "AddressSanitizer", …; empty: none
  bool defines_malloc = false;                ///< has an allocator linked in, exported or hidden
};

/// Nothing if the file is not ELF at all, or damaged where it says that it is (then `damage` gets the reason).
[[nodiscard]] std::optional<ElfFacts> read_elf_facts(int descriptor, std::string& damage);

/// "x86-64", "aarch64", …, or "machine type 247".
[[nodiscard]] std::string machine_name(std::uint16_t machine);

/// EM_ of the machine that memprof itself was built for.
[[nodiscard]] std::uint16_t own_machine();

}  // namespace memprof::collect
