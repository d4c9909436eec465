// Mapped ranges, against a model that remembers each page.

#include "collect/mapped_accounts.hpp"

#include <array>
#include <map>
#include <random>
#include <vector>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

using wire::Hook;
using wire::Operation;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBase = 0x7000'0000;

/// Records of one program, at rising times.
class Mapper {
 public:
  bool event(Operation operation, Hook hook, std::uint64_t page, std::uint64_t pages, std::uint32_t site = 0,
             std::uint32_t ring = 0) {
    return accounts.apply({++now_, kBase + page * kPage, pages * kPage, site, ring, operation, hook});
  }
  bool map(std::uint64_t page, std::uint64_t pages, std::uint32_t site = 0) {
    return event(Operation::kAlloc, Hook::kMmap, page, pages, site);
  }
  bool unmap(std::uint64_t page, std::uint64_t pages, std::uint32_t site = 9, std::uint32_t ring = 0) {
    return event(Operation::kFree, Hook::kMunmap, page, pages, site, ring);
  }
  const SiteAccount& site(std::uint32_t index) const {
    for (const MappedAccounts::Site& site : accounts.sites()) {
      if (site.index == index) return site.account;
    }
    throw std::out_of_range("no such site");
  }
  std::uint64_t live_pages() const { return accounts.totals().live_bytes / kPage; }

  MappedAccounts accounts{1};

 private:
  std::uint64_t now_ = 0;
};

TEST_CASE("a mapping is one block until its last page is gone") {
  Mapper mapper;
  mapper.map(0, 10, 1);
  mapper.unmap(4, 2);
  CHECK(mapper.live_pages() == 8);
  CHECK(mapper.accounts.totals().live_blocks == 1);
  CHECK(mapper.accounts.totals().frees == 0);
  CHECK(mapper.accounts.ranges().size() == 2);
  mapper.unmap(0, 20);
  CHECK(mapper.live_pages() == 0);
  CHECK(mapper.accounts.totals().live_blocks == 0);
  CHECK(mapper.accounts.totals().frees == 1);
  CHECK(mapper.accounts.totals().freed_bytes == 10 * kPage);
  CHECK(mapper.site(9).frees.freed_bytes == 10 * kPage);
  mapper.accounts.finish();
  CHECK(mapper.site(1).history.allocated_bytes == 10 * kPage);
}

TEST_CASE("MAP_FIXED replaces what was there, and counts it as unmapped where it was called") {
  Mapper mapper;
  mapper.map(0, 8, 1);
  mapper.map(2, 3, 2);
  CHECK(mapper.live_pages() == 8);
  CHECK(mapper.site(1).allocations.share.live_bytes == 5 * kPage);
  CHECK(mapper.site(2).allocations.share.live_bytes == 3 * kPage);
  CHECK(mapper.site(2).frees.freed_bytes == 3 * kPage);
  CHECK(mapper.accounts.ranges().size() == 1);
}

TEST_CASE("mremap is one unmapping and one mapping when it returns") {
  Mapper mapper;
  mapper.map(0, 4, 1);
  CHECK(mapper.event(Operation::kReallocBegin, Hook::kMremap, 0, 4, 2));
  CHECK(mapper.live_pages() == 4);  // a program that is killed now has it still
  mapper.map(1, 1, 3);              // another thread was given the old place already
  CHECK(mapper.event(Operation::kReallocEnd, Hook::kMremap, 20, 16, 2));
  CHECK(mapper.live_pages() == 17);
  CHECK(mapper.accounts.totals().allocations == 3);
  CHECK(mapper.accounts.totals().frees == 1);
  CHECK(mapper.site(1).allocations.share.live_bytes == 0);
  CHECK(mapper.site(2).allocations.share.live_bytes == 16 * kPage);
  mapper.event(Operation::kReallocBegin, Hook::kMremap, 20, 16, 2);
  mapper.event(Operation::kReallocFail, Hook::kMremap, 20, 999, 2);
  CHECK(mapper.live_pages() == 17);
  CHECK(mapper.accounts.totals().failed_allocations == 1);
  CHECK(mapper.accounts.totals().frees == 1);
  mapper.unmap(0, 40);
  CHECK(mapper.live_pages() == 0);
  CHECK(mapper.accounts.totals().live_blocks == 0);
}

TEST_CASE("an unmapping that fails changes nothing") {
  Mapper mapper;
  mapper.map(0, 4, 1);
  mapper.map(4, 4, 2);
  mapper.unmap(2, 2);
  for (int round = 0; round < 3; ++round) {
    mapper.unmap(0, 6);
    CHECK(mapper.accounts.totals().live_blocks == 1);
    CHECK(mapper.event(Operation::kReallocFail, Hook::kMunmap, 0, 6, 9));
    CHECK(mapper.accounts.totals().live_blocks == 2);
    CHECK(mapper.accounts.totals().frees == 0);
    CHECK(mapper.accounts.totals().freed_bytes == 2 * kPage);
    CHECK(mapper.live_pages() == 6);
    CHECK(mapper.site(1).allocations.share.live_bytes == 2 * kPage);
  }
  CHECK(mapper.accounts.ranges().size() == 2);
  mapper.unmap(0, 8);
  CHECK(mapper.live_pages() == 0);
  CHECK(mapper.accounts.totals().frees == 2);
}

TEST_CASE("a failed unmapping does not take back what another thread unmapped or mapped meanwhile") {
  Mapper mapper;
  mapper.map(0, 4, 1);
  mapper.unmap(0, 2, 9, 0);
  mapper.unmap(2, 2, 8, 1);
  mapper.event(Operation::kReallocFail, Hook::kMunmap, 0, 2, 9, 0);  // the mapping is gone altogether by now
  CHECK(mapper.live_pages() == 0);
  mapper.map(10, 4, 1);
  mapper.unmap(10, 4, 9, 0);
  mapper.map(11, 1, 2);
  mapper.event(Operation::kReallocFail, Hook::kMunmap, 10, 4, 9, 0);
  CHECK(mapper.live_pages() == 4);
  CHECK(mapper.site(2).allocations.share.live_bytes == kPage);
  mapper.unmap(10, 4);
  CHECK(mapper.live_pages() == 0);
  CHECK(mapper.accounts.totals().live_blocks == 0);
}

TEST_CASE("ranges that nobody was seen mapping are nobody's") {
  Mapper mapper;
  CHECK(mapper.unmap(0, 100));
  CHECK(mapper.accounts.totals().frees == 0);
  CHECK(mapper.accounts.totals().freed_bytes == 0);
}

TEST_CASE("what makes no sense in the mapped domain is refused and not counted") {
  Mapper mapper;
  CHECK_FALSE(mapper.event(Operation::kReallocEnd, Hook::kMremap, 1, 1));
  CHECK_FALSE(mapper.event(Operation::kReallocFail, Hook::kMremap, 1, 1));
  CHECK_FALSE(mapper.event(Operation::kReallocFail, Hook::kMunmap, 1, 1));
  CHECK_FALSE(mapper.accounts.apply({1, 1, ~std::uint64_t{0}, 0, 0, Operation::kAlloc, Hook::kMmap}));
  CHECK_FALSE(mapper.accounts.apply({1, ~std::uint64_t{0}, 1, 0, 0, Operation::kFree, Hook::kMunmap}));
  CHECK(mapper.accounts.apply({1, kBase, std::uint64_t{1} << 60, 0, 0, Operation::kFree, Hook::kMunmap}));
  CHECK(mapper.accounts.totals() == Totals{});
}

TEST_CASE("a thread that ended inside mremap leaves its range mapped") {
  Mapper mapper;
  mapper.map(0, 4, 1);
  mapper.event(Operation::kReallocBegin, Hook::kMremap, 0, 4, 2, 3);
  mapper.accounts.drop_begun(3);
  CHECK_FALSE(mapper.event(Operation::kReallocEnd, Hook::kMremap, 8, 4, 2, 3));
  mapper.unmap(0, 4);
  CHECK(mapper.live_pages() == 0);
}

TEST_CASE("the shares of the peak of mapped ranges belong to one moment") {
  Mapper mapper;
  mapper.map(0, 10, 1);
  mapper.map(20, 30, 2);
  mapper.unmap(0, 5);
  mapper.map(60, 2, 3);
  mapper.accounts.finish();
  CHECK(mapper.accounts.totals().peak_bytes == 40 * kPage);
  CHECK(mapper.accounts.totals().peak_blocks == 2);
  CHECK(mapper.site(1).allocations.share.peak_bytes == 10 * kPage);
  CHECK(mapper.site(2).allocations.share.peak_bytes == 30 * kPage);
  CHECK(mapper.site(3).allocations.share.peak_bytes == 0);
  CHECK(mapper.site(9).frees.highest_heap == 35 * kPage);
}

/// Who mapped each page, by number of the mapping, 0: nobody.
struct Model {
  static constexpr std::uint64_t kPages = 96;
  std::array<std::uint32_t, kPages> page{};
  std::vector<std::uint32_t> site_of{0};

  void fill(std::uint64_t first, std::uint64_t count, std::uint32_t value) {
    for (std::uint64_t i = first; i < std::min(first + count, kPages); ++i) page[i] = value;
  }
  std::map<std::uint32_t, std::uint64_t> pages_of_site() const {
    std::map<std::uint32_t, std::uint64_t> pages;
    for (const std::uint32_t mapping : page) {
      if (mapping != 0) ++pages[site_of[mapping]];
    }
    return pages;
  }
  std::size_t mappings() const {
    std::map<std::uint32_t, int> seen;
    for (const std::uint32_t mapping : page) {
      if (mapping != 0) ++seen[mapping];
    }
    return seen.size();
  }
};

TEST_CASE("random calls agree with a model that remembers each page") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    Mapper mapper;
    Model model;
    const auto below = [&](std::uint64_t limit) { return random() % limit; };
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t page = below(Model::kPages - 20), pages = 1 + below(20);
      const auto site = static_cast<std::uint32_t>(below(5));
      const auto place = [&](std::uint64_t first, std::uint64_t count) {
        model.site_of.push_back(site);
        model.fill(first, count, static_cast<std::uint32_t>(model.site_of.size() - 1));
      };
      switch (below(5)) {
        case 0:
        case 1:
          mapper.map(page, pages, site);
          place(page, pages);
          break;
        case 2:
          mapper.unmap(page, pages);
          model.fill(page, pages, 0);
          break;
        case 3:
          mapper.unmap(page, pages);
          mapper.event(Operation::kReallocFail, Hook::kMunmap, page, pages, 9);
          break;
        default: {
          const std::uint64_t target = below(Model::kPages - 20), target_pages = 1 + below(20);
          const bool fails = below(4) == 0;
          mapper.event(Operation::kReallocBegin, Hook::kMremap, page, pages, site);
          mapper.event(fails ? Operation::kReallocFail : Operation::kReallocEnd, Hook::kMremap, fails ? page : target,
                       target_pages, site);
          if (fails) break;
          model.fill(page, pages, 0);
          place(target, target_pages);
        }
      }
      const auto pages_of_site = model.pages_of_site();
      std::uint64_t all = 0;
      for (const auto& [index, count] : pages_of_site) {
        all += count;
        REQUIRE(mapper.site(index).allocations.share.live_bytes == count * kPage);
      }
      const Totals& totals = mapper.accounts.totals();
      REQUIRE(mapper.live_pages() == all);
      REQUIRE(totals.live_blocks == model.mappings());
      REQUIRE(totals.live_blocks == totals.allocations - totals.frees);
      REQUIRE(totals.live_bytes == totals.allocated_bytes - totals.freed_bytes);
      std::uint64_t in_ranges = 0;
      for (const auto& range : mapper.accounts.ranges()) in_ranges += range.end - range.start;
      REQUIRE(in_ranges == totals.live_bytes);
    }
  }
}

}  // namespace
}  // namespace memprof::collect
