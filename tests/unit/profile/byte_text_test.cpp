#include "profile/byte_text.hpp"

#include <string>

#include "tests/catch.hpp"

namespace memprof {
namespace {

std::string back(std::string text) {
  utf8_to_bytes(text);
  return text;
}

}  // namespace

TEST_CASE("every pair of bytes survives the way through UTF-8", "[byte_text]") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
      if (back(bytes_to_utf8(bytes)) != bytes) FAIL(first << " " << second);
    }
  }
}

TEST_CASE("text that is UTF-8 already stays as it is", "[byte_text]") {
  const std::string text = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xee\xbd\xbf \xef\xbf\xbd";
  CHECK(bytes_to_utf8(text) == text);
  CHECK(back(text) == text);
}

TEST_CASE("a byte outside UTF-8 becomes U+EF00 plus the byte", "[byte_text]") {
  CHECK(bytes_to_utf8("\x80") == "\xee\xbe\x80");
  CHECK(bytes_to_utf8("\xbf") == "\xee\xbe\xbf");
  CHECK(bytes_to_utf8("\xc0") == "\xee\xbf\x80");
  CHECK(bytes_to_utf8("a\xff") == "a\xee\xbf\xbf");
}

TEST_CASE("overlong forms, surrogates and characters beyond Unicode are bytes", "[byte_text]") {
  for (const std::string bytes : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    CHECK(bytes_to_utf8(bytes).size() == 3 * bytes.size());
    CHECK(back(bytes_to_utf8(bytes)) == bytes);
  }
}

TEST_CASE("a character that looks like an escape is escaped itself", "[byte_text]") {
  const std::string bytes = "\xee\xbe\x80";
  CHECK(bytes_to_utf8(bytes) != bytes);
  CHECK(back(bytes_to_utf8(bytes)) == bytes);
}

}  // namespace memprof
