#include "collect/zeroed_array.hpp"

#include <cstdint>
#include <utility>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

TEST_CASE("a zeroed array is zero and writable from end to end, in small pages and in huge ones") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{262'144}, std::size_t{1'000'003}}) {
    ZeroedArray<std::uint64_t> array(size);
    REQUIRE(array.size() == size);
    std::uint64_t sum = 0;
    for (std::uint64_t& word : array) sum += word++;
    REQUIRE(sum == 0);
    for (const std::uint64_t word : array) sum += word;
    REQUIRE(sum == size);
  }
}

TEST_CASE("a moved array keeps its contents and leaves nothing behind") {
  ZeroedArray<int> first(3);
  first[2] = 7;
  ZeroedArray<int> second(std::move(first));
  CHECK(second[2] == 7);
  ZeroedArray<int> empty;
  empty = std::move(second);
  CHECK(empty[2] == 7);
  CHECK(ZeroedArray<int>(0).data() == nullptr);
}

}  // namespace
}  // namespace memprof::collect
