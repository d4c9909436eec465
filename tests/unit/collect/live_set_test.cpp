#include "collect/live_set.hpp"

#include <random>
#include <unordered_map>
#include <vector>

#include "tests/catch.hpp"

namespace memprof::collect {
namespace {

Event alloc(std::uint64_t address, std::uint64_t size, std::uint32_t site = 0, std::uint64_t ticks = 0,
            std::uint32_t thread = 0) {
  Event event;
  event.operation = wire::Operation::kAlloc;
  event.address = address;
  event.size = size;
  event.site = site;
  event.ticks = ticks;
  event.thread = thread;
  return event;
}

Event free_of(std::uint64_t address) {
  Event event;
  event.operation = wire::Operation::kFree;
  event.address = address;
  return event;
}

struct Fixture {
  LiveSet live_set;
  Relocations relocations;
  Event resolve(Event event) {
    live_set.resolve({&event, 1}, relocations);
    return event;
  }
};

TEST_CASE("the live set gives back what it was given") {
  Fixture fixture;
  CHECK_FALSE(fixture.resolve(alloc(0x7fff'ffff'fff0, 123, 77, 5 * LiveSet::kBirthUnit + 3, 9)).found);
  CHECK(fixture.live_set.size() == 1);
  const Event freed = fixture.resolve(free_of(0x7fff'ffff'fff0));
  REQUIRE(freed.found);
  CHECK(freed.block.size == 123);
  CHECK(freed.block.site == 77);
  CHECK(freed.block.birth == 5 * LiveSet::kBirthUnit);
  CHECK(freed.block.thread == 9);
  CHECK(fixture.live_set.size() == 0);
  CHECK_FALSE(fixture.resolve(free_of(0x7fff'ffff'fff0)).found);
}

TEST_CASE("an address that lives already is replaced and handed out") {
  Fixture fixture;
  fixture.resolve(alloc(16, std::uint64_t{1} << 40, 1));
  const Event second = fixture.resolve(alloc(16, 5, 2));
  REQUIRE(second.found);
  CHECK(second.block.size == std::uint64_t{1} << 40);
  CHECK(second.block.site == 1);
  CHECK(fixture.live_set.size() == 1);
  CHECK(fixture.resolve(free_of(16)).block.size == 5);
}

TEST_CASE("any address, size and time does") {
  Fixture fixture;
  const std::uint64_t last = ~std::uint64_t{0};
  for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{0xffff'fffe}, std::uint64_t{0xffff'ffff}, last}) {
    fixture.resolve(alloc(value, value, ~0u, last, LiveSet::kMaxThreads - 1));
    const Event freed = fixture.resolve(free_of(value));
    REQUIRE(freed.found);
    CHECK(freed.block.size == value);
    CHECK(freed.block.site == ~0u);
    CHECK(freed.block.thread == LiveSet::kMaxThreads - 1);
    CHECK(freed.block.birth <= last);
  }
}

TEST_CASE("the live set agrees with a map while it grows and shrinks") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    std::mt19937_64 random(seed);
    Fixture fixture;
    std::unordered_map<std::uint64_t, std::uint64_t> expected;
    std::vector<Event> batch;
    std::vector<std::pair<bool, std::uint64_t>> answers;
    for (int round = 0; round < 60; ++round) {
      batch.clear();
      answers.clear();
      // Grows up to the middle, shrinks afterwards, with clusters of neighbouring addresses.
      const std::uint64_t frees = round < 30 ? 3 : 7;
      for (int i = 0; i < 2000; ++i) {
        // Dense, sparse, and with addresses that no allocator gives out.
        const std::uint64_t address =
            (random() % 40'000 + 1) * (seed % 4 == 3 ? std::uint64_t{4096} : std::uint64_t{8} << seed % 2) +
            (random() % 100 == 0 ? 3 : 0);
        const bool is_free = random() % 10 < frees;
        const auto known = expected.find(address);
        answers.emplace_back(known != expected.end(), known != expected.end() ? known->second : 0);
        const std::uint64_t size = random() % 100 == 0 ? random() : random() % 1000;
        batch.push_back(is_free ? free_of(address) : alloc(address, size));
        if (is_free) {
          expected.erase(address);
        } else {
          expected[address] = size;
        }
      }
      const unsigned parts = 1 + static_cast<unsigned>(seed) % 3;
      for (unsigned part = 0; part < parts; ++part) {
        fixture.live_set.resolve(batch, fixture.relocations, part, parts);
      }
      for (std::size_t i = 0; i < batch.size(); ++i) {
        REQUIRE(batch[i].found == answers[i].first);
        if (batch[i].found) REQUIRE(batch[i].block.size == answers[i].second);
      }
      REQUIRE(fixture.live_set.size() == expected.size());
    }
  }
}

TEST_CASE("a live block costs 40 bytes or less, whatever their number") {
  Fixture fixture;
  std::vector<Event> batch;
  std::uint64_t address = 0x5555'0000'0000;
  for (int round = 0; round < 200; ++round) {
    batch.clear();
    for (int i = 0; i < 5000; ++i) batch.push_back(alloc(address += 32, 24));
    fixture.live_set.resolve(batch, fixture.relocations);
    if (round < 40) continue;  // few blocks: what each shard has at least still shows
    const double bytes = static_cast<double>(fixture.live_set.bytes()) / static_cast<double>(fixture.live_set.size());
    REQUIRE(bytes <= 41);
  }
}

}  // namespace
}  // namespace memprof::collect
