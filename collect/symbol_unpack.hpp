#pragma once
// Debug files are often compressed (Debian's all are). libdw would unpack each section of such a file for each handle,
// one after another: some 50 ms for that of libc, which every process has. So a file is unpacked here, once for all
// handles and processes, and only the sections that names and lines are read from.

#include <string>

#include "collect/symbol_elf.hpp"

namespace memprof::collect {

/// <directory>/.build-id/…; empty when `build_id` is none (hex, as elfutils and gdb accept: 3 to 64 bytes).
[[nodiscard]] std::string build_id_path(const std::string& directory, const std::string& build_id);

/// `file`, or an unpacked copy in memory where its DWARF is compressed. What cannot be unpacked, or is so large that
/// the memory would hurt, is returned as it is. Any thread; threads that want the same file unpack it together.
[[nodiscard]] ElfFile unpacked(ElfFile file);

}  // namespace memprof::collect
