#include "collect/dwarf_die_scan.hpp"

#include <dwarf.h>

#include "collect/dwarf_handle.hpp"

namespace memprof::collect {
namespace {

// Compilers number abbreviations from 1 without gaps. Units with larger codes than this are not looked at.
constexpr unsigned kLargestCode = 1U << 16;
constexpr std::size_t kMostAttributes = 256;

}  // namespace

DieScan::DieScan(Dwarf_Die unit) : unit_(unit) {
  const auto bytes = unit_entries(unit);
  at_ = bytes.data();
  end_ = at_ + bytes.size();
  Dwarf_Half version = 0;
  if (bytes.empty() ||
      dwarf_cu_info(unit.cu, &version, nullptr, nullptr, nullptr, nullptr, &address_size_, &offset_size_) != 0) {
    end_ = at_;
    return;
  }
  version_ = version;
  read_shapes();
}

void DieScan::read_shapes() {
  Dwarf_Off offset = 0;
  std::size_t length = 0;
  for (;;) {
    Dwarf_Abbrev* abbreviation = dwarf_getabbrev(&unit_, offset, &length);
    if (abbreviation == nullptr || abbreviation == DWARF_END_ABBREV || length == 0) return;
    const unsigned code = dwarf_getabbrevcode(abbreviation);
    if (code > kLargestCode) return;
    if (code >= shapes_.size()) shapes_.resize(code + 1);
    if (!shapes_[code].known) shapes_[code] = shape_of(abbreviation);
    offset += length;
  }
}

DieScan::Shape DieScan::shape_of(Dwarf_Abbrev* abbreviation) const {
  Shape shape;
  shape.known = true;
  shape.tag = dwarf_getabbrevtag(abbreviation);
  shape.has_children = dwarf_abbrevhaschildren(abbreviation) != 0;
  Step step;
  // Not dwarf_getattrcnt(): in elfutils 0.188 it takes the value of a DW_FORM_implicit_const for the next attribute.
  for (std::size_t index = 0;; ++index) {
    unsigned name = 0;
    unsigned form = 0;
    if (dwarf_getabbrevattr_data(abbreviation, index, &name, &form, nullptr, nullptr) != 0) break;
    // libdw finds the index by counting from the first: hostile data must not make that quadratic.
    if (index == kMostAttributes) return {};
    shape.has_code = shape.has_code || name == DW_AT_low_pc || name == DW_AT_ranges;
    const int size = fixed_size(form);
    if (size >= 0) {
      step.fixed += static_cast<std::uint32_t>(size);
      continue;
    }
    step.form = static_cast<std::uint16_t>(form);
    shape.steps.push_back(step);
    step = {};
  }
  if (step.fixed > 0) shape.steps.push_back(step);
  return shape;
}

int DieScan::fixed_size(std::uint64_t form) const {
  switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
      return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4:
      return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
      return 8;
    case DW_FORM_data16:
      return 16;
    case DW_FORM_addr:
      return address_size_;
    case DW_FORM_ref_addr:
      return version_ == 2 ? address_size_ : offset_size_;
    case DW_FORM_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
      return offset_size_;
    default:
      return -1;
  }
}

bool DieScan::read_uleb(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; at_ < end_; shift += 7) {
    const unsigned char byte = *at_++;
    if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool DieScan::advance(std::uint64_t bytes) {
  if (bytes > static_cast<std::uint64_t>(end_ - at_)) return false;
  at_ += bytes;
  return true;
}

bool DieScan::skip_block(unsigned length_bytes) {
  if (static_cast<std::size_t>(end_ - at_) < length_bytes) return false;
  std::uint64_t length = 0;
  for (unsigned index = 0; index < length_bytes; ++index) length |= std::uint64_t{at_[index]} << (8 * index);
  at_ += length_bytes;
  return advance(length);
}

bool DieScan::skip_form(std::uint64_t form) {
  std::uint64_t value = 0;
  switch (form) {
    case DW_FORM_udata:
    case DW_FORM_sdata:  // as long as an unsigned one
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
      return read_uleb(value);
    case DW_FORM_string:
      while (at_ < end_ && *at_ != 0) ++at_;
      return advance(1);
    case DW_FORM_exprloc:
    case DW_FORM_block:
      return read_uleb(value) && advance(value);
    case DW_FORM_block1:
      return skip_block(1);
    case DW_FORM_block2:
      return skip_block(2);
    case DW_FORM_block4:
      return skip_block(4);
    case DW_FORM_indirect: {
      if (!read_uleb(value) || value == DW_FORM_indirect || value == DW_FORM_implicit_const) return false;
      const int size = fixed_size(value);
      return size >= 0 ? advance(static_cast<std::uint64_t>(size)) : skip_form(value);
    }
    default:
      return false;
  }
}

bool DieScan::skip(const Shape& shape) {
  for (const Step& step : shape.steps) {
    if (!advance(step.fixed) || (step.form != 0 && !skip_form(step.form))) return false;
  }
  return true;
}

bool DieScan::next(Entry& entry) {
  const unsigned char* start = at_;
  std::uint64_t code = 0;
  // A zero byte closes a list of siblings. The unit's own entry has no siblings.
  for (;;) {
    if (started_ && depth_ == 0) return false;
    start = at_;
    if (!read_uleb(code)) return false;
    if (code != 0) break;
    if (!started_) return false;
    --depth_;
  }
  started_ = true;
  if (code >= shapes_.size() || !shapes_[code].known) return false;
  const Shape& shape = shapes_[code];
  entry.die = unit_;
  entry.die.addr = const_cast<unsigned char*>(start);
  entry.die.abbrev = nullptr;
  entry.tag = shape.tag;
  entry.depth = depth_;
  entry.has_children = shape.has_children;
  entry.has_code = shape.has_code;
  if (!skip(shape)) {
    at_ = end_;
    return false;
  }
  if (shape.has_children) ++depth_;
  return true;
}

}  // namespace memprof::collect
