// Captured stacks, frame by frame beside libgcc's.

#include <sys/mman.h>
#include <unwind.h>

#include <functional>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "preload/unwinder.hpp"
#include "tests/catch.hpp"
#include "tests/unit/preload/unwind_region.hpp"

namespace memprof::preload::test {
namespace {

using Frames = std::vector<std::uintptr_t>;

/// A thread's unwinding memory.
class State {
 public:
  explicit State(std::size_t bytes = kThreadUnwindBytes) : bytes_(bytes) {
    memory_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    state_ = make_thread_unwind_state(memory_, bytes);
  }
  ~State() { ::munmap(memory_, bytes_); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ThreadUnwindState* get() { return state_; }

 private:
  std::size_t bytes_;
  void* memory_;
  ThreadUnwindState* state_;
};

/// What one call of hook() found.
struct Captured {
  wire::StackId id;
  wire::StackId root;
  Frames ours;
  Frames theirs;  ///< libgcc's, from the hook's caller outwards
};

struct Hook {
  ThreadUnwindState* state;
  std::uint32_t max_depth = kDepthLimit;
  Captured last;
};
thread_local Hook t_hook;

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  int exact = 0;
  const std::uintptr_t address = _Unwind_GetIPInfo(context, &exact);
  if (address == 0) return _URC_END_OF_STACK;
  static_cast<Frames*>(argument)->push_back(address + (exact != 0 ? 1 : 0));
  return _URC_NO_REASON;
}

/// In the place of malloc.
[[gnu::noinline]] void hook() {
  const CallerRegisters caller = caller_registers();
  Captured& last = t_hook.last;
  last.id = capture_stack(t_hook.state, caller, t_hook.max_depth, g_stacks, g_modules, *g_region.header);
  last.ours.clear();
  last.root = last.id;
  for (; last.root >= wire::kFirstNode; last.root = g_region.nodes[last.root].parent) {
    last.ours.push_back(g_region.nodes[last.root].address());
  }
  Frames all;
  _Unwind_Backtrace(take_frame, &all);
  std::size_t own = 0;
  while (own < all.size() && all[own] != caller.return_address) ++own;
  last.theirs.assign(all.begin() + static_cast<std::ptrdiff_t>(own), all.end());
}

[[gnu::noinline]] void recurse(int depth) {
  if (depth > 0) {
    recurse(depth - 1);
  } else {
    hook();
  }
  asm volatile("");
}

[[gnu::noinline]] void with_alloca(int bytes, const std::function<void()>& inner) {
  auto* space = static_cast<char*>(__builtin_alloca(static_cast<std::size_t>(bytes)));
  asm volatile("" : : "r"(space) : "memory");
  inner();
  asm volatile("");
}

[[gnu::noinline]] void aligned(const std::function<void()>& inner) {
  alignas(64) char space[64];
  asm volatile("" : : "r"(space) : "memory");
  inner();
  asm volatile("");
}

[[gnu::noinline]] void twice(const std::function<void()>& inner) {
  inner();
  asm volatile("");
  inner();
  asm volatile("");
}

/// Calls at random, `calls` times or so, and looks at each stack.
void wander(std::mt19937& random, int depth, int& calls, const std::function<void()>& look) {
  while (calls > 0 && random() % 4 != 0) {
    --calls;
    const auto inner = [&] {
      if (depth > 0 && random() % 3 != 0) wander(random, depth - 1, calls, look);
      look();
    };
    switch (random() % 5) {
      case 0:
        with_alloca(static_cast<int>(random() % 500), inner);
        break;
      case 1:
        aligned(inner);
        break;
      case 2:
        twice(inner);
        break;
      case 3:
        recurse(static_cast<int>(random() % 20));
        look();
        break;
      default:
        inner();
    }
  }
}

/// Whether thousands of stacks are libgcc's, with one id for each.
bool wander_exactly(std::uint32_t seed, ThreadUnwindState* state) {
  t_hook = {state, kDepthLimit, {}};
  std::mt19937 random(seed);
  std::map<Frames, wire::StackId> ids;
  int wrong = 0;
  for (int round = 0; round < 20; ++round) {
    int calls = 300;
    wander(random, 12, calls, [&] {
      hook();
      const Captured& last = t_hook.last;
      if (last.ours != last.theirs || last.root != wire::kRootComplete) ++wrong;
      const auto [known, added] = ids.emplace(last.ours, last.id);
      if (!added && known->second != last.id) ++wrong;
    });
  }
  return wrong == 0 && ids.size() > 100;
}

TEST_CASE("random stacks are libgcc's, each with one id") {
  UnwindRegion region;
  State state;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) CHECK(wander_exactly(seed, state.get()));
}

TEST_CASE("little memory, or none, makes the same stacks") {
  UnwindRegion region;
  State little(kSmallThreadUnwindBytes);
  CHECK(wander_exactly(6, little.get()));
  CHECK(wander_exactly(7, nullptr));
  State state;
  t_hook = {state.get(), kDepthLimit, {}};
  std::vector<wire::StackId> ids;
  volatile int rounds = 4;  // one call, not four that the compiler makes of it
  for (int round = 0; round < rounds; ++round) {
    t_hook.state = round % 2 == 0 ? state.get() : nullptr;
    recurse(100);
    ids.push_back(t_hook.last.id);
  }
  CHECK(ids == std::vector<wire::StackId>(4, ids[0]));
}

TEST_CASE("threads capture at the same time") {
  UnwindRegion region;
  bool exact[4] = {};
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < 4; ++i) {
    threads.emplace_back([&exact, i] {
      State state;
      exact[i] = wander_exactly(10 + i, state.get());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool each : exact) CHECK(each);
}

TEST_CASE("a new owner of the state, a new generation and unmapped memory change nothing") {
  UnwindRegion region;
  State state;
  t_hook = {state.get(), kDepthLimit, {}};
  std::vector<wire::StackId> ids;
  volatile int rounds = 8;
  for (int round = 0; round < rounds; ++round) {
    if (round == 2) reset(*state.get());
    if (round == 4) g_modules.before_unload();
    if (round == 6) note_unmapping();
    recurse(5);
    CHECK(t_hook.last.ours == t_hook.last.theirs);
    ids.push_back(t_hook.last.id);
  }
  CHECK(ids == std::vector<wire::StackId>(8, ids[0]));
}

TEST_CASE("a small depth keeps exactly the innermost frames, whatever came before") {
  UnwindRegion region;
  State state;
  t_hook = {state.get(), kDepthLimit, {}};
  recurse(30);
  for (const std::uint32_t depth : {1u, 2u, 7u, 30u}) {
    t_hook.max_depth = depth;
    for (int levels : {30, 29, 60}) {
      recurse(levels);
      const Captured& last = t_hook.last;
      CHECK(last.root == wire::kRootCutDepth);
      REQUIRE(last.ours.size() == depth);
      CHECK(std::equal(last.ours.begin(), last.ours.end(), last.theirs.begin()));
    }
  }
  t_hook.max_depth = kDepthLimit;
  recurse(30);
  CHECK(t_hook.last.root == wire::kRootComplete);
  const auto whole = static_cast<std::uint32_t>(t_hook.last.ours.size());
  t_hook.max_depth = whole;
  recurse(30);
  CHECK(t_hook.last.root == wire::kRootComplete);
  t_hook.max_depth = whole - 1;
  recurse(30);
  CHECK(t_hook.last.root == wire::kRootCutDepth);
  t_hook.max_depth = 0;
  recurse(30);
  CHECK(t_hook.last.id == wire::kRootComplete);
}

TEST_CASE("a stack deeper than a large limit keeps hundreds of frames, and is whole again later") {
  UnwindRegion region;
  State state;
  t_hook = {state.get(), 2000, {}};
  for (const int levels : {2500, 2501, 2600, 5000, 2300}) {
    recurse(levels);
    const Captured& last = t_hook.last;
    CHECK(last.root == wire::kRootCutDepth);
    CHECK(last.ours.size() >= 512);
    REQUIRE(last.ours.size() <= 2000);
    CHECK(std::equal(last.ours.begin(), last.ours.end(), last.theirs.begin()));
  }
  recurse(1980);
  CHECK(t_hook.last.root == wire::kRootComplete);
  recurse(1900);
  CHECK(t_hook.last.root == wire::kRootComplete);
  CHECK(t_hook.last.ours == t_hook.last.theirs);
}

}  // namespace
}  // namespace memprof::preload::test
