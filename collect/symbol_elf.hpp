#pragma once
// An ELF file opened for reading symbols. Handles are not shared between threads; each thread opens its own.

#include <gelf.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/unique_fd.hpp"

namespace memprof::collect {

struct ElfSection {
  Elf_Scn* handle = nullptr;
  GElf_Shdr header{};
};

class ElfFile {
 public:
  ElfFile() = default;
  ~ElfFile() { close(); }
  ElfFile(ElfFile&& other) noexcept;
  ElfFile& operator=(ElfFile&& other) noexcept;

  /// What is no ELF object gives an ElfFile that is false.
  static ElfFile open(UniqueFd file);
  static ElfFile open(const std::string& path);
  /// From a file image in memory, which handles of other threads may share.
  static ElfFile open(std::shared_ptr<const std::vector<char>> image);
  static ElfFile open(std::vector<char> image) {
    return open(std::make_shared<const std::vector<char>>(std::move(image)));
  }
  /// A second handle of the same file, for another thread.
  ElfFile again() const;

  explicit operator bool() const { return elf_ != nullptr; }
  Elf* get() const { return elf_; }
  /// Negative for an image in memory.
  int descriptor() const { return file_.get(); }

  /// Lower-case hex; empty: none.
  std::string build_id() const;
  /// Directory of the opened file, free of symbolic links; empty: unknown.
  std::string directory() const;
  /// The whole file.
  std::string_view bytes() const;
  std::optional<ElfSection> section(std::string_view name) const;
  /// The section's contents as they are in the file; empty for SHT_NOBITS.
  std::string_view contents(const ElfSection& section) const;
  bool has_dwarf() const;
  /// Each handle that libdw opens on such a file unpacks all of the DWARF.
  bool dwarf_is_compressed() const;
  /// Lowest address of an executable section. Below it lie the ranges of functions that the linker threw away.
  std::uint64_t lowest_code() const;

 private:
  void close();

  UniqueFd file_;
  std::shared_ptr<const std::vector<char>> image_;
  Elf* elf_ = nullptr;
};

/// Lower-case hex of any bytes.
std::string hex(const void* bytes, std::size_t size);

}  // namespace memprof::collect
