#pragma once
// libdw's handle of one file with DWARF, together with the file that dwz shares. libdw is not safe for several threads
// on one handle: each thread opens its own.

#include <elfutils/libdw.h>

#include <memory>
#include <optional>
#include <span>

#include "collect/dwarf_unit_ranges.hpp"
#include "collect/symbol_files.hpp"

namespace memprof::collect {

class DwarfHandle {
 public:
  /// nullptr: libdw cannot read it. `files` must have a file with DWARF.
  static std::unique_ptr<DwarfHandle> open(const ModuleFiles& files);
  DwarfHandle(const DwarfHandle&) = delete;
  DwarfHandle& operator=(const DwarfHandle&) = delete;

  Dwarf* get() const { return main_.dwarf; }
  /// The file with the DWARF; the module itself unless its debug information is in a file of its own.
  const ElfFile& file() const { return main_.file; }
  /// Read when first asked for.
  const UnitRanges& units();
  /// Whether it is of the same files, in the same state.
  bool is_of(const ModuleFiles& files) const;
  /// Ranges that begin below belong to functions that the linker threw away.
  std::uint64_t lowest_code() const { return lowest_code_; }

 private:
  DwarfHandle() = default;

  /// A file and libdw's handle of it, which must go first.
  struct Reader {
    ElfFile file;
    Dwarf* dwarf = nullptr;
    ~Reader();
    void open(ElfFile from);
  };

  Reader nothing_;  ///< no DWARF at all: where references end that must not be followed
  Reader alt_;
  Reader main_;
  std::uint64_t lowest_code_ = 0;
  std::optional<UnitRanges> units_;
};

/// The bytes of the entries of one unit, from its first DIE on, never beyond the section; empty: malformed.
[[nodiscard]] std::span<const unsigned char> unit_entries(Dwarf_Die unit);

}  // namespace memprof::collect
