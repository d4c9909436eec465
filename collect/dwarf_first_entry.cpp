#include "collect/dwarf_first_entry.hpp"

#include <dwarf.h>

#include <algorithm>

namespace memprof::collect {
namespace {

/// Numbers one after another; once the bytes are used up, zeros.
class Numbers {
 public:
  explicit Numbers(std::span<const unsigned char> bytes) : bytes_(bytes) {}

  std::uint64_t fixed(unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= std::uint64_t{next()} << (8 * i);
    return value;
  }
  std::uint64_t leb128() {
    std::uint64_t value = next();
    if (value < 0x80) return value;  // nearly always
    value &= 0x7f;
    for (unsigned shift = 7; !over_; shift += 7) {
      const unsigned char byte = next();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  bool over() const { return over_; }

 private:
  unsigned char next() {
    over_ = at_ == bytes_.size();
    return over_ ? 0 : bytes_[at_++];
  }

  std::span<const unsigned char> bytes_;
  std::size_t at_ = 0;
  bool over_ = false;
};

/// The value of an attribute that compilers give to units; nothing: of another form.
std::optional<std::uint64_t> read_value(const FirstEntry& entry, std::uint64_t form, Numbers& values) {
  switch (form) {
    case DW_FORM_flag_present:
      return 1;
    case DW_FORM_data1:
    case DW_FORM_flag:
      return values.fixed(1);
    case DW_FORM_data2:
      return values.fixed(2);
    case DW_FORM_data4:
      return values.fixed(4);
    case DW_FORM_data8:
      return values.fixed(8);
    case DW_FORM_udata:
      return values.leb128();
    case DW_FORM_addr:
      return values.fixed(entry.address_bytes);
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_strp_alt:
      return values.fixed(entry.offset_bytes);
    case DW_FORM_string:
      while (values.fixed(1) != 0) {
      }
      return 0;
    default:
      return std::nullopt;
  }
}

/// Goes to the attributes of the abbreviation with that code; false: there is none.
bool find_abbreviation(std::uint64_t wanted, Numbers& abbreviations) {
  for (std::uint64_t code; (code = abbreviations.leb128()) != 0;) {
    abbreviations.leb128();  // tag
    abbreviations.fixed(1);  // whether it has children
    if (code == wanted) return true;
    for (bool end = false; !end;) {
      const std::uint64_t name = abbreviations.leb128();
      const std::uint64_t form = abbreviations.leb128();
      if (form == DW_FORM_implicit_const) abbreviations.leb128();
      end = name == 0 && form == 0;
    }
  }
  return false;
}

}  // namespace

std::optional<CodeRange> code_range(const FirstEntry& entry) {
  if (entry.address_bytes > 8 || entry.offset_bytes > 8) return std::nullopt;
  Numbers values(entry.bytes), abbreviation(entry.abbreviations);
  if (!find_abbreviation(values.leb128(), abbreviation)) return std::nullopt;
  std::optional<std::uint64_t> low, high;
  bool high_is_address = false;
  for (;;) {
    const std::uint64_t name = abbreviation.leb128();
    const std::uint64_t form = abbreviation.leb128();
    if (abbreviation.over() || values.over()) return std::nullopt;
    if (name == 0 && form == 0) break;
    const auto value = read_value(entry, form, values);
    if (!value || name == DW_AT_ranges) return std::nullopt;
    if (name == DW_AT_low_pc && form == DW_FORM_addr) low = value;
    if (name == DW_AT_high_pc) {
      high = value;
      high_is_address = form == DW_FORM_addr;
    }
  }
  if (!low || !high) return high ? std::nullopt : std::optional(CodeRange{});
  return CodeRange{*low, high_is_address ? *high : *low + *high};
}

}  // namespace memprof::collect
