#include "profile/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "profile/byte_text.hpp"

namespace memprof {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kNumberBytes = 32;  // 20 digits of an integer, 24 characters of a double

bool needs_no_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

template <typename T>
void append_number(std::string& buffer, T value) {
  std::array<char, kNumberBytes> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  buffer.append(digits.data(), end);
}

}  // namespace

JsonText::JsonText(ByteSink sink) : sink_(std::move(sink)) { buffer_.reserve(kBufferBytes); }

void JsonText::raw(std::string_view text) {
  buffer_.append(text);
  if (buffer_.size() >= kBufferBytes - kNumberBytes) flush();
}

void JsonText::signed_number(std::int64_t value) {
  append_number(buffer_, value);
  raw({});
}

void JsonText::unsigned_number(std::uint64_t value) {
  append_number(buffer_, value);
  raw({});
}

void JsonText::number(double value) {
  append_number(buffer_, std::isfinite(value) ? value : 0.0);
  raw({});
}

void JsonText::string(std::string_view bytes) {
  raw("\"");
  if (std::all_of(bytes.begin(), bytes.end(), needs_no_escape)) {
    raw(bytes);
  } else {
    escaped_string(bytes);
  }
  raw("\"");
}

void JsonText::escaped_string(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x20) {
      const std::array<char, 6> escape{'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      raw({escape.data(), escape.size()});
      ++i;
    } else if (byte == '"' || byte == '\\') {
      const std::array<char, 2> escape{'\\', bytes[i]};
      raw({escape.data(), escape.size()});
      ++i;
    } else if (const std::size_t length = plain_sequence_length(bytes, i); length > 0) {
      raw(bytes.substr(i, length));
      i += length;
    } else {
      raw(escaped_byte(byte));
      ++i;
    }
  }
}

void JsonText::flush() {
  if (status_) status_ = sink_(buffer_);
  buffer_.clear();
}

Result<void> JsonText::finish() {
  flush();
  return std::move(status_);
}

}  // namespace memprof
