// Whole stacks that are kept because they come again.

#include "preload/known_stacks.hpp"

#include <vector>

#include "preload/memo.hpp"
#include "preload/module_list.hpp"
#include "preload/unwinder.hpp"
#include "tests/catch.hpp"
#include "wire/region.hpp"

using namespace memprof;
using namespace memprof::preload;

namespace {

constexpr std::uintptr_t kAddress = 0x2000, kFramePointer = 0x7fff'0000;
constexpr wire::StackId kFirstStack = 10;

/// A stack of so many frames, each with one word that leads to the next one further out: words[0] is the outermost.
struct Frames {
  std::vector<std::uintptr_t> words;
  std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(Memo::bytes(256) / 8);
  Memo memo{};

  explicit Frames(std::size_t count, wire::StackId stack = kFirstStack, wire::StackId root = wire::kRootComplete,
                  RegisterMask needs = 0)
      : words(count + 1) {
    for (std::size_t i = 0; i < count; ++i) words[i + 1] = 0x1000 + i;
    memo.use_memory(memory.data(), 256);
    add_frames(stack, root, needs);
  }
  void add_frames(wire::StackId stack, wire::StackId root, RegisterMask needs) {
    memo.restart(root);
    for (std::size_t i = 1; i < words.size(); ++i) {
      memo.begin();
      // The outermost word is at the highest address, as on a real stack.
      memo.add_check({address_of(words.size() - i), words[words.size() - i]});
      memo.end(sp(), kAddress, kFramePointer, stack, needs);
    }
  }
  std::uintptr_t address_of(std::size_t word) const { return reinterpret_cast<std::uintptr_t>(&words[word]); }
  std::uintptr_t sp() const { return address_of(0); }
};

struct Cache {
  std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(sizeof(KnownStacks) / 8 + 8);
  KnownStacks* stacks = reinterpret_cast<KnownStacks*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) & ~63ul);

  void open_elsewhere() {
    static const std::uintptr_t here = 0;
    StackRange range;
    REQUIRE(range.restart(reinterpret_cast<std::uintptr_t>(&here)));
    stacks->open(g_stacks_epoch.load(), range);
  }
  /// On the stack that has `frames`.
  void open(const Frames& frames) {
    StackRange range;
    REQUIRE(range.restart(frames.sp() - 8));
    REQUIRE(range.extend(frames.address_of(frames.words.size() - 1)));
    stacks->open(g_stacks_epoch.load(), range);
  }
  void keep(const Frames& frames) {
    stacks->note_walk(frames.memo);
    stacks->note_walk(frames.memo);
  }
  const KnownStack* find_at(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp) const {
    const KnownStack* const first = stacks->find(sp, address, rbp);
    return first != nullptr ? first : stacks->find_other(sp, address, rbp);
  }
  const KnownStack* find(const Frames& frames, std::uintptr_t rbp = kFramePointer) const {
    return find_at(frames.sp(), kAddress, rbp);
  }
};

}  // namespace

TEST_CASE("a stack is kept when it was walked to twice, and found while all its words hold") {
  for (const std::size_t count : {1u, 3u, 4u, 5u, 127u, 128u}) {
    CAPTURE(count);
    Frames frames(count);
    Cache cache;
    cache.open(frames);
    CHECK(cache.find(frames) == nullptr);
    cache.stacks->note_walk(frames.memo);
    CHECK(cache.find(frames) == nullptr);
    cache.stacks->note_walk(frames.memo);
    const KnownStack* const known = cache.find(frames);
    REQUIRE(known != nullptr);
    CHECK(known->stack == kFirstStack);
    CHECK(known->frames == count);
    CHECK(cache.find_at(frames.sp(), kAddress + 1, kFramePointer) == nullptr);
    CHECK(cache.find_at(frames.sp() + 8, kAddress, kFramePointer) == nullptr);
    for (std::size_t word = 1; word < frames.words.size(); ++word) {
      for (const std::uintptr_t bit : {std::uintptr_t{1}, std::uintptr_t{1} << 47, std::uintptr_t{1} << 63}) {
        frames.words[word] ^= bit;
        CHECK(cache.find(frames) == nullptr);
        frames.words[word] ^= bit;
      }
    }
    CHECK(cache.find(frames) == known);
    cache.stacks->clear();
    CHECK(cache.find(frames) == nullptr);
  }
}

TEST_CASE("the frame pointer of a known stack counts when the way outwards depends on it") {
  Frames free(4), bound(4, kFirstStack, wire::kRootComplete, mask_of(kRbp));
  Cache cache;
  cache.open(free);
  cache.keep(free);
  CHECK(cache.find(free, kFramePointer + 8) != nullptr);
  cache.open(bound);
  cache.keep(bound);
  CHECK(cache.find(bound) != nullptr);
  CHECK(cache.find(bound, kFramePointer + 8) == nullptr);
}

TEST_CASE("several stacks below the same frame are told apart by their words") {
  Frames frames(6);
  Cache cache;
  cache.open(frames);
  for (wire::StackId stack = kFirstStack; stack < kFirstStack + 4; ++stack) {
    frames.words[3] = stack;
    frames.add_frames(stack, wire::kRootComplete, 0);
    cache.keep(frames);
  }
  for (wire::StackId stack = kFirstStack; stack < kFirstStack + 4; ++stack) {
    frames.words[3] = stack;
    REQUIRE(cache.find(frames) != nullptr);
    CHECK(cache.find(frames)->stack == stack);
  }
  frames.words[3] = 0;
  CHECK(cache.find(frames) == nullptr);
}

TEST_CASE("the oldest of many known stacks make room, and no stack is taken for another one") {
  Cache cache;
  std::vector<Frames> stacks;
  for (wire::StackId i = 0; i < 400; ++i) stacks.emplace_back(1 + i * 7 % 60, kFirstStack + i);
  std::size_t found = 0;
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    cache.open(stacks[i]);
    cache.keep(stacks[i]);
    REQUIRE(cache.find(stacks[i]) != nullptr);
    for (std::size_t older = 0; older < i; ++older) {
      cache.open(stacks[older]);
      const KnownStack* const known = cache.find(stacks[older]);
      if (known == nullptr) continue;
      ++found;
      REQUIRE(known->stack == kFirstStack + older);
      REQUIRE(known->frames == stacks[older].words.size() - 1);
    }
  }
  CHECK(found > 100 * stacks.size() / 2);
  cache.open(stacks[0]);
  CHECK(cache.find(stacks[0]) == nullptr);
}

TEST_CASE("stacks below the same frame that were walked to once are not kept") {
  Frames frames(6);
  Cache cache;
  cache.open(frames);
  std::size_t kept = 0;
  for (int round = 0; round < 2; ++round) {
    for (wire::StackId stack = kFirstStack; stack < kFirstStack + 20000; ++stack) {
      frames.words[3] = stack;
      frames.add_frames(stack, wire::kRootComplete, 0);
      cache.stacks->note_walk(frames.memo);
      kept += cache.find(frames) != nullptr ? 1U : 0U;
    }
  }
  CHECK(kept == 0);
}

TEST_CASE("a known stack is not found on another stack, or when something was unmapped or unloaded") {
  Frames frames(4);
  Cache cache;
  cache.open(frames);
  cache.keep(frames);
  REQUIRE(cache.find(frames) != nullptr);
  SECTION("another stack") {
    cache.open_elsewhere();
    CHECK(cache.find(frames) == nullptr);
    cache.open(frames);
    CHECK(cache.find(frames) != nullptr);
  }
  SECTION("an unmapping") {
    note_unmapping();
    CHECK(cache.find(frames) == nullptr);
  }
  SECTION("an unloading") {
    g_modules.before_unload();
    CHECK(cache.find(frames) == nullptr);
  }
  SECTION("another owner") {
    cache.stacks->close();
    CHECK(cache.find(frames) == nullptr);
  }
}

TEST_CASE("a stack is not kept that was cut, is long, spread far, or depends on other registers") {
  const auto is_kept = [](const Frames& frames) {
    Cache cache;
    cache.open(frames);
    cache.keep(frames);
    return cache.find(frames) != nullptr;
  };
  CHECK(is_kept(Frames(128)));
  CHECK_FALSE(is_kept(Frames(129)));
  CHECK_FALSE(is_kept(Frames(4, kFirstStack, wire::kRootCutUnwind)));
  CHECK_FALSE(is_kept(Frames(4, kFirstStack, wire::kRootCutDepth)));
  CHECK_FALSE(is_kept(Frames(4, kFirstStack, wire::kRootComplete, mask_of(kRbx))));

  const std::vector<std::uintptr_t> far(65537);
  for (const std::size_t distance : {65535u, 65536u}) {
    Frames frames(1);
    const auto sp = reinterpret_cast<std::uintptr_t>(far.data());
    frames.memo.restart(wire::kRootComplete);
    frames.memo.begin();
    frames.memo.add_check({sp + distance * 8, 0});
    frames.memo.end(sp, kAddress, kFramePointer, kFirstStack, 0);
    StackRange range;
    REQUIRE(range.restart(sp - 8));
    REQUIRE(range.extend(sp + distance * 8));
    Cache cache;
    cache.stacks->open(g_stacks_epoch.load(), range);
    cache.keep(frames);
    CHECK((cache.find_at(sp, kAddress, kFramePointer) != nullptr) == (distance == 65535));
  }
}
