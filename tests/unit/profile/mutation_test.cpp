// A poor man's fuzzer that runs with every test: valid files, broken at random. tests/fuzz/ has the thorough one.

#include <zstd.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "profile/index_check.hpp"
#include "profile/profile_file.hpp"
#include "tests/catch.hpp"
#include "tests/unit/profile/random_profile.hpp"

namespace memprof::test {
namespace {

using Engine = std::mt19937_64;

std::size_t below(Engine& engine, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine);
}

/// Replaces, removes, doubles or inserts something somewhere.
void mutate(Engine& engine, std::string& text) {
  constexpr std::array<std::string_view, 14> kPieces{
      "-1", "0",    "18446744073709551616", "4294967295", "1e400", "[", "]", "{", "}", ",", ":",
      "\"", "null", "\xee\xbe\x80"};
  const std::size_t place = below(engine, text.size());
  const std::size_t length = std::min<std::size_t>(below(engine, 30), text.size() - place);
  switch (below(engine, 5)) {
    case 0:
      text[place] = static_cast<char>(engine());
      break;
    case 1:
      text.erase(place, length);
      break;
    case 2:
      text.insert(place, text.substr(below(engine, text.size()), length));
      break;
    case 3:
      text.insert(place, kPieces[below(engine, kPieces.size())]);
      break;
    default: {
      // A digit stays a digit: valid JSON with other numbers, which is what reaches the index checks.
      const std::size_t digit = text.find_first_of("0123456789", place);
      if (digit != std::string::npos) text[digit] = static_cast<char>('0' + below(engine, 10));
    }
  }
}

}  // namespace

TEST_CASE("a mutated profile is refused in one line, or is valid and reads back", "[mutation]") {
  int accepted = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 6'000; ++seed) {
    Engine engine(seed);
    std::string text = format_profile(seed % 2 == 0 ? sample_profile() : random_profile(seed % 50));
    for (std::size_t count = 1 + below(engine, 3); count > 0; --count) mutate(engine, text);
    const Result<Profile> read = parse_profile(text, "a.json");
    INFO("seed " << seed);
    if (!read) {
      REQUIRE(read.error().what.starts_with("a.json"));
      REQUIRE(read.error().what.find('\n') == std::string::npos);
      ++refused;
      continue;
    }
    ++accepted;
    REQUIRE(broken_promise(*read).empty());
    REQUIRE(parse_profile(format_profile(*read), "b.json") == *read);
  }
  // Both kinds have to occur often, or this tests nothing.
  CHECK(accepted > 500);
  CHECK(refused > 500);
}

TEST_CASE("a mutated compressed profile is refused or valid", "[mutation]") {
  std::string whole = format_profile(sample_profile());
  std::string compressed(ZSTD_compressBound(whole.size()), '\0');
  compressed.resize(ZSTD_compress(compressed.data(), compressed.size(), whole.data(), whole.size(), 3));
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    Engine engine(seed);
    std::string text = compressed;
    mutate(engine, text);
    const Result<Profile> read = parse_profile(text, "a.json");
    INFO("seed " << seed);
    REQUIRE((read.has_value() ? broken_promise(*read) : std::string()).empty());
  }
}

}  // namespace memprof::test
