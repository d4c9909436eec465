#include "preload/cfi_section.hpp"

#include "preload/cfi_bytes.hpp"

namespace memprof::preload {
namespace {

/// A CIE or FDE: what lies between its length field and its end.
struct Entry {
  ByteReader body{nullptr, nullptr};  ///< after the id
  std::uint64_t id = 0;
  const std::uint8_t* id_field = nullptr;
  const std::uint8_t* end = nullptr;
};

enum class EntryKind { kBroken, kTerminator, kEntry };

EntryKind read_entry(const UnwindSection& section, const std::uint8_t* at, Entry& entry) {
  if (at < section.begin || at >= section.end) return EntryKind::kBroken;
  ByteReader reader(at, section.end);
  std::uint64_t length = reader.fixed<std::uint32_t>();
  if (length == 0 && !reader.failed()) return EntryKind::kTerminator;
  if (length == 0xffff'ffff) length = reader.fixed<std::uint64_t>();
  ByteReader body = reader.part(length);
  entry.id_field = body.position();
  // Unlike in .debug_frame the id has 32 bits also behind a 64-bit length (LSB Core, "The .eh_frame section").
  entry.id = body.fixed<std::uint32_t>();
  entry.end = reader.position();
  if (body.failed()) return EntryKind::kBroken;
  entry.body = body;
  return EntryKind::kEntry;
}

/// What an augmentation string that begins with 'z' announces. Unknown letters end the reading: their data is skipped,
/// but what they'd have meant may matter, so all but the known ones are refused.
bool read_augmentation(const std::uint8_t* letters, ByteReader& data, FrameDescription& description) {
  for (; *letters != 0; ++letters) {
    switch (*letters) {
      case 'R':
        description.pointer_encoding = data.byte();
        break;
      case 'L':
        data.byte();
        break;
      case 'P': {
        const std::uint8_t encoding = data.byte();
        if ((encoding & kEncodingBaseMask) == 0x50) return false;  // DW_EH_PE_aligned: nobody emits it
        data.pointer(encoding & kEncodingFormatMask, 0);
        break;
      }
      case 'S':
        description.signal_frame = true;
        break;
      default:
        return false;
    }
  }
  return !data.failed();
}

bool read_common(const UnwindSection& section, const std::uint8_t* at, FrameDescription& description,
                 bool& has_augmentation_data) {
  Entry entry;
  if (read_entry(section, at, entry) != EntryKind::kEntry || entry.id != 0) return false;
  ByteReader& body = entry.body;
  const std::uint8_t version = body.byte();
  if (version != 1 && version != 3) return false;
  const std::uint8_t* letters = body.position();
  while (body.byte() != 0) {
  }
  description.code_alignment = body.uleb();
  description.data_alignment = body.sleb();
  description.return_column = version == 1 ? body.byte() : body.uleb();
  description.pointer_encoding = 0;
  description.signal_frame = false;
  if (body.failed()) return false;
  has_augmentation_data = *letters == 'z';
  if (has_augmentation_data) {
    ByteReader data = body.part(body.uleb());
    if (body.failed() || !read_augmentation(letters + 1, data, description)) return false;
  } else if (*letters != 0) {
    return false;
  }
  description.common_program = body.position();
  description.common_program_end = body.end();
  return true;
}

bool read_description(const UnwindSection& section, const Entry& entry, FrameDescription& description) {
  if (entry.id == 0 || entry.id > static_cast<std::uint64_t>(entry.id_field - section.begin)) return false;
  bool has_augmentation_data = false;
  if (!read_common(section, entry.id_field - entry.id, description, has_augmentation_data)) return false;
  ByteReader body = entry.body;
  const auto data_base = reinterpret_cast<std::uintptr_t>(section.header);
  if ((description.pointer_encoding & kEncodingIndirect) != 0) return false;
  description.code_begin = body.pointer(description.pointer_encoding, data_base);
  const std::uint64_t code_bytes = body.pointer(description.pointer_encoding & kEncodingFormatMask, 0);
  if (code_bytes > ~std::uintptr_t{0} - description.code_begin) return false;
  description.code_end = description.code_begin + code_bytes;
  if (has_augmentation_data) body.skip(body.uleb());
  description.program = body.position();
  description.program_end = body.end();
  return !body.failed();
}

bool describes(const UnwindSection& section, const std::uint8_t* at, std::uintptr_t address,
               FrameDescription& description) {
  Entry entry;
  return read_entry(section, at, entry) == EntryKind::kEntry && read_description(section, entry, description) &&
         address >= description.code_begin && address < description.code_end;
}

/// One row of the header's table, relative to the header.
struct TableRow {
  std::int32_t code_begin;
  std::int32_t entry;
};
static_assert(sizeof(TableRow) == 8);

TableRow table_row(const std::uint8_t* table, std::uint64_t index) {
  TableRow row;
  __builtin_memcpy(&row, table + index * sizeof(TableRow), sizeof(TableRow));
  return row;
}

/// The last row that begins at or before `address`.
bool find_in_table(const UnwindSection& section, const std::uint8_t* table, std::uint64_t rows, std::uintptr_t address,
                   FrameDescription& description) {
  const auto base = reinterpret_cast<std::uintptr_t>(section.header);
  const auto wanted = static_cast<std::int64_t>(address - base);
  std::uint64_t low = 0;
  std::uint64_t high = rows;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (table_row(table, middle).code_begin <= wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return false;
  const std::int64_t entry = table_row(table, low - 1).entry;
  const std::int64_t before = section.begin - section.header;
  const std::int64_t after = section.end - section.header;
  return entry >= before && entry < after && describes(section, section.header + entry, address, description);
}

bool find_by_scan(const UnwindSection& section, const std::uint8_t* at, std::uintptr_t address,
                  FrameDescription& description) {
  for (;;) {
    Entry entry;
    if (read_entry(section, at, entry) != EntryKind::kEntry) return false;
    if (entry.id != 0 && describes(section, at, address, description)) return true;
    at = entry.end;
  }
}

}  // namespace

bool find_frame_description(const UnwindSection& section, std::uintptr_t address, FrameDescription& description) {
  ByteReader header(section.header, section.end);
  const auto data_base = reinterpret_cast<std::uintptr_t>(section.header);
  if (section.header < section.begin || header.byte() != 1) return false;
  const std::uint8_t frames_encoding = header.byte();
  const std::uint8_t count_encoding = header.byte();
  const std::uint8_t table_encoding = header.byte();
  if (frames_encoding == kEncodingOmit || (frames_encoding & kEncodingIndirect) != 0) return false;
  const std::uint64_t frames = header.pointer(frames_encoding, data_base);
  if (count_encoding != kEncodingOmit && table_encoding == (kEncodingDataRelative | kEncodingSigned4)) {
    const std::uint64_t rows = header.pointer(count_encoding, data_base);
    if (header.failed() || rows > header.left() / sizeof(TableRow)) return false;
    return find_in_table(section, header.position(), rows, address, description);
  }
  if (header.failed() || frames < reinterpret_cast<std::uintptr_t>(section.begin) ||
      frames >= reinterpret_cast<std::uintptr_t>(section.end)) {
    return false;
  }
  return find_by_scan(section, section.begin + (frames - reinterpret_cast<std::uintptr_t>(section.begin)), address,
                      description);
}

}  // namespace memprof::preload
