#include "cli/printable.hpp"

#include <array>
#include <cstdio>
#include <filesystem>

namespace memprof::cli {
namespace {

constexpr std::string_view kEllipsis = "…";

/// Length of the well-formed UTF-8 character that `text` begins with, or 0.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  const unsigned char second = byte(1);
  const bool wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                     (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

/// U+0080 to U+009F: some terminals act upon them as on ESC sequences.
bool is_c1_control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
}

/// U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 change the direction of the text around them.
bool is_direction_control(std::string_view character) {
  if (character.size() != 3 || character[0] != '\xe2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  return (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae))) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

/// U+0300 to U+036F, the marks that combine with the character before.
bool is_combining(std::string_view character) {
  if (character.size() != 2) return false;
  const auto lead = static_cast<unsigned char>(character[0]);
  return lead == 0xcc || (lead == 0xcd && static_cast<unsigned char>(character[1]) < 0xb0);
}

std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += text.data();
  }
  return out;
}

/// Bytes of `text` from the front that fill at most `columns`.
std::size_t prefix_length(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = std::max<std::size_t>(1, character_length(text.substr(at)));
    const std::size_t width = is_combining(text.substr(at, length)) ? 0 : 1;
    if (width > columns) break;
    columns -= width;
    at += length;
  }
  return at;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(1, length));
    const bool control = static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
    if (character == "\t") {
      out += ' ';
    } else if (length == 0 || control || is_c1_control(character) || is_direction_control(character)) {
      out += escaped(character);
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string printable_source(std::string_view line) {
  constexpr std::size_t kTabStop = 8;
  std::string out;
  while (true) {
    const std::size_t tab = line.find('\t');
    out += printable(line.substr(0, tab));
    if (tab == std::string_view::npos) return out;
    out.append(kTabStop - display_width(out) % kTabStop, ' ');
    line.remove_prefix(tab + 1);
  }
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(1, character_length(text));
    if (!is_combining(text.substr(0, length))) ++width;
    text.remove_prefix(length);
  }
  return width;
}

std::string shortened_middle(std::string_view text, std::size_t width) {
  const std::size_t full = display_width(text);
  if (width == 0 || full <= width) return std::string(text);
  // The beginning says what it is, the end which one; an odd column goes to the beginning.
  const std::size_t kept = width - 1;
  const std::size_t tail_start = prefix_length(text, full - kept / 2);
  return std::string(text.substr(0, prefix_length(text, kept - kept / 2))) + std::string(kEllipsis) +
         std::string(text.substr(tail_start));
}

std::string shortened_end(std::string_view text, std::size_t width) {
  if (width == 0 || display_width(text) <= width) return std::string(text);
  return std::string(text.substr(0, prefix_length(text, width - 1))) + std::string(kEllipsis);
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t have = display_width(text);
  return std::string(have < width ? width - have : 0, ' ') + std::string(text);
}

std::string padded_right(std::string_view text, std::size_t width) {
  const std::size_t have = display_width(text);
  return std::string(text) + std::string(have < width ? width - have : 0, ' ');
}

std::string display_path(const std::string& path) {
  std::error_code error;
  const std::string below = std::filesystem::current_path(error).string() + "/";
  return !error && path.starts_with(below) ? path.substr(below.size()) : path;
}

}  // namespace memprof::cli
