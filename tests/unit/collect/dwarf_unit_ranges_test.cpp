// Which code belongs to which unit: what we read ourselves must be what libdw says.
#include "collect/dwarf_unit_ranges.hpp"

#include <dwarf.h>

#include <filesystem>
#include <string>
#include <vector>

#include "collect/dwarf_first_entry.hpp"
#include "collect/dwarf_handle.hpp"
#include "tests/catch.hpp"
#include "tests/unit/collect/symbol_fixture.hpp"

using namespace memprof;
using namespace memprof::collect;

namespace {

using Bytes = std::vector<unsigned char>;

std::optional<CodeRange> range_of(const Bytes& entry, const Bytes& abbreviations) {
  return code_range({entry, abbreviations, 8, 4});
}

/// Two abbreviations; the second, with code 2, is that of a unit with low_pc and high_pc.
const Bytes kAbbreviations = {1,
                              DW_TAG_base_type,
                              0,
                              DW_AT_byte_size,
                              DW_FORM_implicit_const,
                              0x88,
                              1,
                              0,
                              0,  //
                              2,
                              DW_TAG_compile_unit,
                              1,
                              DW_AT_name,
                              DW_FORM_strp,
                              DW_AT_low_pc,
                              DW_FORM_addr,
                              DW_AT_high_pc,
                              DW_FORM_data4,
                              0,
                              0,
                              0};
const Bytes kEntry = {2, 9, 9, 9, 9, 0, 0x10, 0, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0};

}  // namespace

TEST_CASE("the range of a unit is read from its first entry") {
  const auto range = range_of(kEntry, kAbbreviations);
  REQUIRE(range);
  CHECK(range->start == 0x1000);
  CHECK(range->end == 0x1000 + 0x1234);

  Bytes address = kAbbreviations;
  address[address.size() - 4] = DW_FORM_addr;
  Bytes entry = kEntry;
  entry.insert(entry.end(), {0, 0, 0, 0});
  CHECK(range_of(entry, address)->end == 0x1234);

  Bytes without_code = kAbbreviations;
  without_code[14] = DW_AT_comp_dir;
  without_code[16] = DW_AT_comp_dir;
  CHECK(range_of(kEntry, without_code)->start == range_of(kEntry, without_code)->end);
}

TEST_CASE("libdw is asked about what is not simple, or makes no sense") {
  Bytes abbreviations = kAbbreviations;
  SECTION("several ranges") { abbreviations[16] = DW_AT_ranges; }
  SECTION("an address that is an index") { abbreviations[15] = DW_FORM_addrx; }
  SECTION("an unknown form") { abbreviations[13] = 0x7f; }
  SECTION("an end without a beginning") { abbreviations[14] = DW_AT_comp_dir; }
  SECTION("no abbreviation of that code") { abbreviations[9] = 3; }
  SECTION("abbreviations that end too early") { abbreviations.resize(abbreviations.size() - 3); }
  SECTION("none at all") { abbreviations.clear(); }
  CHECK_FALSE(range_of(kEntry, abbreviations));
}

TEST_CASE("an entry that is cut short is left to libdw") {
  for (std::size_t size = 0; size < kEntry.size(); ++size) {
    CHECK_FALSE(range_of(Bytes(kEntry.begin(), kEntry.begin() + static_cast<std::ptrdiff_t>(size)), kAbbreviations));
  }
}

TEST_CASE("in the files of all compilers units have the code that libdw gives them") {
  std::size_t looked_at = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::program_path(""))) {
    const ElfFile elf = ElfFile::open(file.path().string());
    if (!elf) continue;
    const ModuleImage image{file.path().string(), elf.build_id(), -1};
    const ModuleFiles files = find_module_files(image, usual_debug_directories(), {});
    const auto handle = files.dwarf() == nullptr ? nullptr : DwarfHandle::open(files);
    if (!handle || file.path().extension() == ".o" || file.path().extension() == ".dwo") continue;
    std::vector<std::uint64_t> addresses;
    for (std::uint64_t address = 0; address < 0x40'0000; address += 8) addresses.push_back(address);
    INFO(file.path());
    const auto by_libdw = UnitRanges(handle->get(), {}, handle->lowest_code()).units_of(addresses);
    CHECK(handle->units().units_of(addresses) == by_libdw);
    ++looked_at;
  }
  if (MEMPROF_HAVE_GCC) CHECK(looked_at >= 10);
}
