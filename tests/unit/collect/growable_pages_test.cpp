#include "collect/growable_pages.hpp"

#include <cstdint>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("pages keep their contents as they grow, and what is new is zero") {
  GrowablePages pages;
  CHECK(pages.bytes() == 0);
  std::size_t filled = 0;
  // From small pages to huge ones and beyond.
  for (std::size_t bytes = 100; bytes < 3 * GrowablePages::kHugeFrom; bytes = bytes * 5 / 4) {
    const std::size_t before = pages.bytes();
    pages.grow(bytes);
    REQUIRE(pages.bytes() >= before);
    REQUIRE(pages.bytes() <= bytes + (std::size_t{2} << 20));
    REQUIRE(pages.bytes() + (std::size_t{2} << 20) > bytes);
    auto* words = static_cast<std::uint64_t*>(pages.data());
    const std::size_t count = pages.bytes() / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < filled; i += 97) REQUIRE(words[i] == i);
    for (std::size_t i = filled; i < count; i += 61) REQUIRE(words[i] == 0);
    for (std::size_t i = 0; i < count; ++i) words[i] = i;
    filled = count;
  }
  CHECK(pages.bytes() > 2 * GrowablePages::kHugeFrom);
}

TEST_CASE("growing to less changes nothing") {
  GrowablePages pages;
  pages.grow(10'000);
  void* data = pages.data();
  const std::size_t bytes = pages.bytes();
  pages.grow(5'000);
  CHECK(pages.data() == data);
  CHECK(pages.bytes() == bytes);
}

}  // namespace
}  // namespace memprof::collect
