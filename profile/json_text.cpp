#include "profile/json_text.hpp"

#include <algorithm>
#include <array>

#include "profile/byte_text.hpp"

namespace memprof {
namespace {

bool needs_no_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

}  // namespace

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

}  // namespace memprof
