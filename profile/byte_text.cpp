#include "profile/byte_text.hpp"

namespace memprof {
namespace {

// U+EF80 to U+EFBF are EE BE 80..BF, U+EFC0 to U+EFFF are EE BF 80..BF.
constexpr unsigned char kEscapeLead = 0xee;
constexpr unsigned char kEscapeLow = 0xbe;   // bytes 80..bf
constexpr unsigned char kEscapeHigh = 0xbf;  // bytes c0..ff
constexpr unsigned char kHighOffset = 0x40;

unsigned char at(std::string_view text, std::size_t position) { return static_cast<unsigned char>(text[position]); }

bool continues(std::string_view text, std::size_t position, unsigned char low = 0x80, unsigned char high = 0xbf) {
  return position < text.size() && at(text, position) >= low && at(text, position) <= high;
}

bool is_escape(std::string_view text, std::size_t position) {
  return position + 2 < text.size() && at(text, position) == kEscapeLead &&
         (at(text, position + 1) == kEscapeLow || at(text, position + 1) == kEscapeHigh);
}

}  // namespace

// Table 3-7 of the Unicode standard: the range of the second byte depends on the first.
std::size_t plain_sequence_length(std::string_view bytes, std::size_t position) {
  const unsigned char lead = at(bytes, position);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(bytes, position + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : 0xbf;
    const bool well_formed = continues(bytes, position + 1, low, high) && continues(bytes, position + 2);
    return well_formed && !is_escape(bytes, position) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
    const bool well_formed =
        continues(bytes, position + 1, low, high) && continues(bytes, position + 2) && continues(bytes, position + 3);
    return well_formed ? 4 : 0;
  }
  return 0;
}

std::string escaped_byte(unsigned char byte) {
  const bool high = byte >= 0xc0;
  const auto last = static_cast<unsigned char>(high ? byte - kHighOffset : byte);
  return {static_cast<char>(kEscapeLead), static_cast<char>(high ? kEscapeHigh : kEscapeLow), static_cast<char>(last)};
}

std::string bytes_to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = plain_sequence_length(bytes, i);
    if (length == 0) {
      text += escaped_byte(at(bytes, i));
      ++i;
    } else {
      text.append(bytes.substr(i, length));
      i += length;
    }
  }
  return text;
}

void utf8_to_bytes(std::string& text) {
  std::size_t in = text.find(static_cast<char>(kEscapeLead));
  if (in == std::string::npos) return;
  std::size_t out = in;
  while (in < text.size()) {
    if (is_escape(text, in)) {
      const unsigned char last = at(text, in + 2);
      const bool high = at(text, in + 1) == kEscapeHigh;
      text[out++] = static_cast<char>(high ? last + kHighOffset : last);
      in += 3;
    } else {
      text[out++] = text[in++];
    }
  }
  text.resize(out);
}

}  // namespace memprof
