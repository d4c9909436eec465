#pragma once
// An ELF file opened for reading symbols. Handles are not shared between threads; each thread opens its own.

#include <gelf.h>
#include <libelf.h>
#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collect/unique_fd.hpp"

namespace memprof::collect {

struct ElfSection {
  Elf_Scn* handle = nullptr;
  GElf_Shdr header{};
};

/// Which file it is, and in which state: another one after it was written to.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t bytes = 0;
  time_t modified_s = 0;
  long modified_ns = 0;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
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
  static ElfFile open(std::shared_ptr<const char> image, std::size_t bytes);
  static ElfFile open(std::vector<char> image);
  /// A second handle of the same file, for another thread.
  ElfFile again() const;

  explicit operator bool() const { return elf_ != nullptr; }
  Elf* get() const { return elf_; }
  /// When it was opened; nothing for an image in memory.
  const std::optional<FileIdentity>& identity() const { return identity_; }
  /// Handles of the same image in memory, or of a file that has not changed between.
  bool is_same(const ElfFile& other) const;

  /// Lower-case hex; empty: none.
  std::string build_id() const;
  /// Directory of the opened file, free of symbolic links; empty: unknown.
  std::string directory() const;
  /// The whole file.
  std::string_view bytes() const;
  std::optional<ElfSection> section(std::string_view name) const;
  /// The section's contents as they are in the file; empty for SHT_NOBITS.
  std::string_view contents(const ElfSection& section) const;
  /// As libelf and libdw hold them in memory, unpacked once they are asked for.
  std::span<const unsigned char> data_in_memory(std::string_view section_name) const;
  bool has_dwarf() const;
  /// Each handle that libdw opens on such a file unpacks all of the DWARF.
  bool dwarf_is_compressed() const;
  /// Lowest address of an executable section. Below it lie the ranges of functions that the linker threw away.
  std::uint64_t lowest_code() const;

 private:
  void close();

  UniqueFd file_;
  std::optional<FileIdentity> identity_;
  std::shared_ptr<const char> image_;
  std::size_t image_bytes_ = 0;
  Elf* elf_ = nullptr;
};

/// Lower-case hex of any bytes.
std::string hex(const void* bytes, std::size_t size);

}  // namespace memprof::collect
