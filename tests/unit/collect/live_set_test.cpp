#include "collect/live_set.hpp"

#include <algorithm>
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

TEST_CASE("blocks far apart cost a fifteenth of their distance or less") {
  const std::uint64_t distance = GENERATE(512u, 4096u, 16384u);
  constexpr std::uint64_t kBlocks = 20'000;
  Fixture fixture;
  std::vector<Event> batch;
  for (std::uint64_t i = 0; i < kBlocks; ++i) batch.push_back(alloc(0x5555'0000'0000 + i * distance, 400));
  fixture.live_set.resolve(batch, fixture.relocations);
  REQUIRE(fixture.live_set.size() == kBlocks);
  // What each shard has at least, or at once, does not count.
  CHECK(fixture.live_set.bytes() <= std::max(kBlocks * 64, kBlocks * distance / 14) + 300'000);
}

TEST_CASE("a heap that moves on leaves no memory behind") {
  constexpr std::uint64_t kBlocks = 1000, kDistance = 16384;
  Fixture fixture;
  std::uint64_t address = 0x5555'0000'0000;
  std::size_t early = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<Event> batch;
    for (std::uint64_t i = 0; i < kBlocks; ++i) batch.push_back(alloc(address + i * kDistance, 8 * i));
    for (std::uint64_t i = 0; i < kBlocks; ++i) batch.push_back(free_of(address + i * kDistance));
    fixture.live_set.resolve(batch, fixture.relocations);
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      REQUIRE(batch[kBlocks + i].found);
      REQUIRE(batch[kBlocks + i].block.size == 8 * i);
    }
    REQUIRE(fixture.live_set.size() == 0);
    address += kBlocks * kDistance;
    if (round == 20) early = fixture.live_set.bytes();
  }
  CHECK(fixture.live_set.bytes() <= early);
}

TEST_CASE("blocks are found by any address in them, from the first address on") {
  Fixture fixture;
  std::vector<Event> batch{alloc(8, 8), alloc(16, 0), alloc(0x5555'0000'0000, 1 << 20), alloc(~std::uint64_t{7}, 8)};
  fixture.live_set.resolve(batch, fixture.relocations);
  const auto start_of = [&](std::uint64_t address) {
    const auto found = fixture.live_set.containing(address);
    return found ? found->address : 1;
  };
  CHECK(start_of(7) == 1);
  CHECK(start_of(15) == 8);
  CHECK(start_of(16) == 16);
  CHECK(start_of(17) == 1);
  CHECK(start_of(0x5555'0000'0000 + 4096) == 0x5555'0000'0000);
  CHECK(start_of(0x5555'0000'0000 + (1 << 20) - 1) == 0x5555'0000'0000);
  CHECK(start_of(0x5555'0000'0000 + (1 << 20)) == 1);
  CHECK(start_of(~std::uint64_t{0}) == ~std::uint64_t{7});
}

}  // namespace
}  // namespace memprof::collect
