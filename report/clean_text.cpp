#include "report/clean_text.hpp"

#include <algorithm>

#include "profile/byte_text.hpp"

namespace memprof::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool forbidden(std::string_view character) {
  if (character.empty() || character == "\x7F") return true;
  if (character == "\n" || character == "\t") return false;
  return static_cast<unsigned char>(character[0]) < 0x20 || character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

}  // namespace

std::string clean_text(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view character = bytes.substr(at, plain_sequence_length(bytes, at));
    text += forbidden(character) ? kReplacement : character;
    at += std::max<std::size_t>(character.size(), 1);
  }
  return text;
}

std::string clean_line(std::string_view bytes) {
  std::string text = clean_text(bytes);
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

}  // namespace memprof::report
