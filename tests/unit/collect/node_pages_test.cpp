// Memory of the stack tree that is made before the target needs it.

#include "collect/node_pages.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

constexpr std::uint32_t kNodes = 1u << 18;
constexpr std::size_t kBytes = kNodes * sizeof(wire::StackNode);

/// How many pages of the tree have memory, from byte `begin` on.
std::size_t pages_present(const SharedRegion& region, std::size_t begin, std::size_t end) {
  auto* const tree = reinterpret_cast<std::byte*>(const_cast<wire::StackNode*>(&region.node(0)));
  std::vector<unsigned char> present((end - begin) / wire::kPage);
  REQUIRE(::mincore(tree + begin, end - begin, present.data()) == 0);
  return static_cast<std::size_t>(std::count_if(present.begin(), present.end(), [](auto page) { return page & 1; }));
}

TEST_CASE("pages of the stack tree are made some way ahead of the nodes in use, and not beyond the tree") {
  RegionOptions options;
  options.capacity = {4, 64, 16, 4096, kNodes};
  const auto region = SharedRegion::create(options);
  REQUIRE(region.has_value());
  NodePages pages(*region);

  pages.make_ahead(100);
  CHECK(pages.made() == 0);
  CHECK(pages_present(*region, 0, kBytes) == 0);

  constexpr std::uint32_t kUsed = 20'000;
  constexpr std::size_t kUsedBytes = kUsed * sizeof(wire::StackNode) / wire::kPage * wire::kPage;
  pages.make_ahead(kUsed);
  const std::size_t made = pages.made();
  CHECK(made > kUsedBytes + (1u << 20));
  CHECK(made < kUsedBytes + (2u << 20));
  CHECK(pages_present(*region, kUsedBytes, made) == (made - kUsedBytes) / wire::kPage);
  CHECK(pages_present(*region, 0, kUsedBytes) == 0);  // the target has them, or never touched them
  CHECK(pages_present(*region, made, kBytes) == 0);

  pages.make_ahead(kUsed + 10);
  CHECK(pages.made() == made);
  pages.make_ahead(kNodes - 40'000);
  CHECK(pages.made() == kBytes);
}

}  // namespace
}  // namespace memprof::collect
