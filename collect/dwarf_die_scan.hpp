#pragma once
// Walks all entries of a unit in file order, at a few nanoseconds each. libdw's own way (child, sibling) decodes the
// entries below a DIE once for each level of nesting where the compiler wrote no DW_AT_sibling, as Clang and rustc
// don't.

#include <elfutils/libdw.h>

#include <cstdint>
#include <span>
#include <vector>

namespace memprof::collect {

class DieScan {
 public:
  struct Entry {
    Dwarf_Die die{};
    unsigned tag = 0;
    std::uint32_t depth = 0;  ///< 0: the unit itself
    bool has_children = false;
    bool has_code = false;  ///< has DW_AT_low_pc or DW_AT_ranges
  };

  explicit DieScan(Dwarf_Die unit);

  /// The next entry, parents before children; false at the end, or where the data make no sense.
  bool next(Entry& entry);

 private:
  /// How long an entry is: `fixed` bytes, then each of `forms` with what its data say.
  struct Step {
    std::uint32_t fixed = 0;
    std::uint16_t form = 0;  ///< 0: none follows
  };
  struct Shape {
    unsigned tag = 0;
    bool known = false;
    bool has_children = false;
    bool has_code = false;
    std::vector<Step> steps;
  };

  void read_shapes();
  Shape shape_of(Dwarf_Abbrev* abbreviation) const;
  bool read_uleb(std::uint64_t& value);
  bool advance(std::uint64_t bytes);
  bool skip(const Shape& shape);
  bool skip_form(std::uint64_t form);
  bool skip_block(unsigned length_bytes);
  /// Size in bytes of a form that always has the same, -1 otherwise.
  int fixed_size(std::uint64_t form) const;

  Dwarf_Die unit_;
  const unsigned char* at_ = nullptr;
  const unsigned char* end_ = nullptr;
  std::uint8_t address_size_ = 8;
  std::uint8_t offset_size_ = 4;
  std::uint16_t version_ = 0;
  std::uint32_t depth_ = 0;
  bool started_ = false;
  std::vector<Shape> shapes_;  ///< by abbreviation code
};

}  // namespace memprof::collect
