#pragma once
// Reading DWARF's encodings from memory with known bounds. A reader that would pass its end fails for good and returns
// zeros from then on, so callers check once, at the end.

#include <cstddef>
#include <cstdint>

namespace memprof::preload {

/// Pointer encodings of .eh_frame (LSB Core, "DWARF Exception Header Encoding").
inline constexpr std::uint8_t kEncodingOmit = 0xff;
inline constexpr std::uint8_t kEncodingFormatMask = 0x0f;
inline constexpr std::uint8_t kEncodingBaseMask = 0x70;
inline constexpr std::uint8_t kEncodingIndirect = 0x80;
inline constexpr std::uint8_t kEncodingPcRelative = 0x10;
inline constexpr std::uint8_t kEncodingDataRelative = 0x30;
inline constexpr std::uint8_t kEncodingSigned4 = 0x0b;

class ByteReader {
 public:
  ByteReader(const std::uint8_t* begin, const std::uint8_t* end) : position_(begin), end_(end) {
    if (begin > end) fail();
  }

  bool failed() const { return failed_; }
  bool at_end() const { return position_ == end_; }
  const std::uint8_t* position() const { return position_; }
  const std::uint8_t* end() const { return end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - position_); }

  /// A little-endian value of any alignment.
  template <typename T>
  T fixed() {
    T value{};
    if (left() < sizeof(T)) {
      fail();
      return value;
    }
    __builtin_memcpy(&value, position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }
  std::uint8_t byte() { return fixed<std::uint8_t>(); }

  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !failed_; shift += 7) {
      const std::uint8_t next = byte();
      if (shift < 64) value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if ((next & 0x80) == 0) break;
    }
    return value;
  }

  std::int64_t sleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !failed_;) {
      const std::uint8_t next = byte();
      if (shift < 64) value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      shift += 7;
      if ((next & 0x80) == 0) {
        if (shift < 64 && (next & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
        break;
      }
    }
    return static_cast<std::int64_t>(value);
  }

  void skip(std::uint64_t bytes) {
    if (bytes > left()) {
      fail();
    } else {
      position_ += bytes;
    }
  }

  /// Splits off the next `bytes` bytes, for a part with a length of its own.
  ByteReader part(std::uint64_t bytes) {
    const std::uint8_t* begin = position_;
    skip(bytes);
    return failed_ ? ByteReader() : ByteReader(begin, position_);
  }

  /// A pointer in the given encoding, never dereferenced; an indirect one is the address of the pointer. `data_base` is
  /// what DW_EH_PE_datarel counts from.
  std::uint64_t pointer(std::uint8_t encoding, std::uint64_t data_base) {
    const auto here = reinterpret_cast<std::uintptr_t>(position_);
    const std::uint64_t value = pointer_value(encoding & kEncodingFormatMask);
    switch (encoding & kEncodingBaseMask) {
      case 0:
        return value;
      case kEncodingPcRelative:
        return here + value;
      case kEncodingDataRelative:
        return data_base + value;
      default:
        fail();
        return 0;
    }
  }

 private:
  ByteReader() : position_(nullptr), end_(nullptr), failed_(true) {}

  std::uint64_t pointer_value(std::uint8_t format) {
    auto extended = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    switch (format) {
      case 0x00:
      case 0x04:
      case 0x0c:
        return fixed<std::uint64_t>();
      case 0x01:
        return uleb();
      case 0x02:
        return fixed<std::uint16_t>();
      case 0x03:
        return fixed<std::uint32_t>();
      case 0x09:
        return extended(sleb());
      case 0x0a:
        return extended(fixed<std::int16_t>());
      case kEncodingSigned4:
        return extended(fixed<std::int32_t>());
      default:
        fail();
        return 0;
    }
  }

  void fail() {
    position_ = end_;
    failed_ = true;
  }

  const std::uint8_t* position_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace memprof::preload
