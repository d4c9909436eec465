// Inner ends of stacks that are kept because they come again.

#include "preload/memo_branches.hpp"

#include <array>
#include <vector>

#include "tests/catch.hpp"
#include "wire/region.hpp"

using namespace memprof;
using namespace memprof::preload;

namespace {

constexpr std::uintptr_t kOuterAddress = 0x1000, kInnerAddress = 0x2000;
constexpr wire::StackId kOuterStack = 10, kInnerStack = 11;

/// A stack of two frames, and the words that lead from each outwards.
struct TwoFrames {
  std::array<std::uintptr_t, 2> words{0, kOuterAddress};
  std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(Memo::bytes(64) / 8);
  Memo memo{};

  TwoFrames() {
    memo.use_memory(memory.data(), 64);
    memo.restart(wire::kRootComplete);
    memo.begin();
    memo.add_check({address_of(words[0]), 0});
    memo.end(outer_sp(), kOuterAddress, 0, kOuterStack, 0);
    memo.begin();
    memo.add_check({address_of(words[1]), kOuterAddress});
    memo.end(inner_sp(), kInnerAddress, 0, kInnerStack, 0);
  }
  static std::uintptr_t address_of(const std::uintptr_t& word) { return reinterpret_cast<std::uintptr_t>(&word); }
  std::uintptr_t outer_sp() const { return address_of(words[0]) + 16; }
  std::uintptr_t inner_sp() const { return address_of(words[0]); }
};

}  // namespace

TEST_CASE("the inner end of a stack is kept when it was walked to twice, and found while its words hold") {
  static BranchCache cache;
  TwoFrames stack;
  const auto found = [&] { return cache.find(stack.memo, stack.inner_sp(), kInnerAddress, 0); };
  CHECK(found() == nullptr);
  cache.note_walk(stack.memo, 1);
  CHECK(found() == nullptr);
  cache.note_walk(stack.memo, 1);
  REQUIRE(found() != nullptr);
  CHECK(found()->inner.stack == kInnerStack);
  CHECK(found()->frames == 2);
  CHECK(cache.find(stack.memo, stack.inner_sp(), kOuterAddress, 0) == nullptr);

  SECTION("not when the word that leads to the memo's frame has another value") {
    stack.words[1] = kOuterAddress + 1;
    CHECK(found() == nullptr);
  }
  SECTION("not when a word further out has") {
    stack.words[0] = 1;
    CHECK(found() == nullptr);
  }
  SECTION("not on another stack in the memo") {
    stack.memo.restart(wire::kRootComplete);
    CHECK(found() == nullptr);
  }
  cache.clear();
  CHECK(found() == nullptr);
}
