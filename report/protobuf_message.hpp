#pragma once
// Enough of the Protocol Buffers wire format to write a message: https://protobuf.dev/programming-guides/encoding/

#include <cstdint>
#include <string>
#include <string_view>

namespace memprof::report {

/// One message, encoded as its fields are added. Fields of value 0 are left out, as proto3 has it.
class ProtobufMessage {
 public:
  void integer(unsigned field, std::uint64_t value) {
    if (value == 0) return;
    tag(field, kVarint);
    varint(value);
  }
  void boolean(unsigned field, bool value) { integer(field, value ? 1 : 0); }
  void bytes(unsigned field, std::string_view value) {
    tag(field, kLengthDelimited);
    varint(value.size());
    encoded_.append(value);
  }
  void message(unsigned field, const ProtobufMessage& value) { bytes(field, value.encoded_); }

  /// For packed repeated fields: bare numbers, to be added with message().
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      encoded_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    encoded_ += static_cast<char>(value);
  }

  const std::string& encoded() const { return encoded_; }
  void clear() { encoded_.clear(); }

 private:
  static constexpr unsigned kVarint = 0;
  static constexpr unsigned kLengthDelimited = 2;

  void tag(unsigned field, unsigned wire_type) { varint(field << 3 | wire_type); }

  std::string encoded_;
};

}  // namespace memprof::report
