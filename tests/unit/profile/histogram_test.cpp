#include "profile/histogram.hpp"

#include <utility>
#include <vector>

#include "tests/catch.hpp"

namespace memprof::test {

TEST_CASE("a histogram holds its bins, copied and moved, however many there are", "[histogram]") {
  for (std::uint32_t count = 0; count <= kHistogramBuckets; ++count) {
    std::vector<HistogramBin> expected;
    Histogram bins;
    for (std::uint32_t bucket = 0; bucket < count; ++bucket) {
      expected.push_back({bucket, bucket * 10 + 1});
      bins.push_back({bucket, 0});
      bins.back().count = bucket * 10 + 1;
    }
    const auto holds_all = [&](const Histogram& some) {
      return some.size() == count && some.empty() == (count == 0) &&
             std::equal(some.begin(), some.end(), expected.begin(), expected.end());
    };
    REQUIRE(holds_all(bins));
    Histogram copy = bins;
    REQUIRE(holds_all(copy));
    REQUIRE(copy == bins);
    Histogram moved = std::move(bins);
    REQUIRE(holds_all(moved));
    bins = copy;
    REQUIRE(holds_all(bins));
    copy = Histogram{{64, 1}, {65, 2}, {66, 3}};
    REQUIRE(copy != moved);
    copy = std::move(moved);
    REQUIRE(holds_all(copy));
  }
}

}  // namespace memprof::test
