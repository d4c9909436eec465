// The library's recording, without its hooks: one process image is attached once, so all tests share one collector.

#include <setjmp.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "preload/clock.hpp"
#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/recorder.hpp"
#include "preload/ring_writer.hpp"
#include "preload/stack_tree.hpp"
#include "preload/sys.hpp"
#include "preload/thread_state.hpp"
#include "tests/catch.hpp"
#include "tests/unit/preload/test_collector.hpp"

using namespace memprof;
using namespace memprof::preload;
using memprof::preload::test::TestCollector;

namespace {

constexpr wire::Capacity kCapacity{64, 1u << 14, 64, 1u << 14, 1u << 20};

TestCollector& collector() {
  static TestCollector instance(kCapacity);
  // Where the processor tells the time, most events take the straight path.
  instance.header().clock_source = wire::ClockSource::kTsc;
  return instance;
}

/// Attached to the collector on first use.
TestCollector& attached() {
  TestCollector& instance = collector();
  REQUIRE(attach_process());
  return instance;
}

[[gnu::noinline]] wire::StackId record_here(wire::Operation operation, std::uintptr_t address, std::uint64_t size) {
  const CallerRegisters caller = caller_registers();
  return record(operation, wire::Hook::kMalloc, reinterpret_cast<void*>(address), size, caller);
}

std::uint32_t own_ring(TestCollector& instance) {
  const auto tid = static_cast<std::uint32_t>(::gettid());
  for (std::uint32_t index = 0; index < instance.header().rings_used; ++index) {
    if (static_cast<std::uint32_t>(instance.ring(index).owner.load()) == tid) return index;
  }
  FAIL("this thread has no ring");
  return 0;
}

}  // namespace

TEST_CASE("the Hello names this process and its address-space limit") {
  TestCollector& instance = attached();
  CHECK(instance.hello.magic == wire::kHelloMagic);
  CHECK(instance.hello.wire_version == wire::kWireVersion);
  CHECK(instance.hello.origin == wire::Origin::kExec);
  CHECK(instance.hello.pid == ::getpid());
  CHECK(instance.hello.address_space_limit == UINT64_MAX);
}

TEST_CASE("an event becomes one record, a size of 4 GiB or more two that are published together") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x1000, 1);
  const std::uint32_t ring = own_ring(instance);
  instance.drain(ring);
  const std::uint64_t before = instance.ring(ring).head;
  errno = 77;
  record_here(wire::Operation::kAlloc, 0x7fff'1234'5678, 24);
  record_here(wire::Operation::kAlloc, 0x7fff'0000'0010, 0x5'0000'0003);
  CHECK(errno == 77);
  REQUIRE(instance.ring(ring).head == before + 3);
  const wire::Record small = instance.record(ring, before);
  CHECK(small.operation() == wire::Operation::kAlloc);
  CHECK(small.address == 0x7fff'1234'5678);
  CHECK(small.low_size() == 24);
  const wire::Record upper = instance.record(ring, before + 1);
  CHECK(upper.operation() == wire::Operation::kExtension);
  CHECK(upper.address == 5);
  const wire::Record large = instance.record(ring, before + 2);
  CHECK(large.low_size() == 3);
  CHECK(large.ticks() >= small.ticks());
}

TEST_CASE("equal stacks have one id, and its chain leads through this program to a root") {
  TestCollector& instance = attached();
  std::set<wire::StackId> ids;
  const volatile int rounds = 3;  // an unrolled loop would be three places
  for (int i = 0; i < rounds; ++i) ids.insert(record_here(wire::Operation::kAlloc, 0x2000, 1));
  REQUIRE(ids.size() == 1);
  wire::StackId id = *ids.begin();
  REQUIRE(id >= wire::kFirstNode);
  const wire::StackNode& leaf = instance.node(id);
  const wire::ModuleRecord& module = instance.module(leaf.module());
  CHECK(module.ready == 1);
  CHECK(instance.module_path(leaf.module()).empty());  // the executable
  CHECK(leaf.address() >= module.start);
  CHECK(leaf.address() < module.end);
  while (id >= wire::kFirstNode) {
    REQUIRE(instance.node(id).parent < id);
    id = instance.node(id).parent;
  }
  CHECK(id == wire::kRootComplete);
}

namespace {

constexpr int kInterningThreads = 8;

/// Frame of stack `index` on `level`, counted from the outside; 0: the stack ends there.
using FrameOf = std::uint64_t (*)(int index, int level);

std::uint64_t frame_of_bushy(int index, int level) {
  return level == 4 ? 0 : 0x10000u + static_cast<std::uint64_t>(index >> (12 - 4 * level)) * 16;
}
std::uint64_t frame_of_large_family(int index, int level) {
  constexpr std::array<std::uint64_t, 2> kParents{0x20000, 0x20010};
  if (level < 2) return kParents[static_cast<std::size_t>(level)];
  return level == 2 ? 0x30000u + static_cast<std::uint64_t>(index) : 0;
}
std::uint64_t frame_of_recursion(int index, int level) {
  constexpr int kLevels = 14;
  return level == kLevels ? 0 : 0x40000u + static_cast<std::uint64_t>(index >> level & 1) * 16;
}

/// All threads intern the same stacks, each in an order of its own. By thread and stack.
std::vector<std::vector<wire::StackId>> intern_by_many(int stacks, FrameOf frame_of) {
  std::vector<std::vector<wire::StackId>> ids(kInterningThreads);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kInterningThreads; ++t) {
    threads.emplace_back([t, stacks, frame_of, &ids] {
      std::vector<int> order(static_cast<std::size_t>(stacks));
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), std::mt19937(t));
      ids[t].resize(order.size());
      for (const int i : order) {
        wire::StackId id = wire::kRootComplete;
        for (int level = 0; frame_of(i, level) != 0; ++level) id = g_stacks.intern(id, frame_of(i, level));
        ids[t][static_cast<std::size_t>(i)] = id;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return ids;
}

std::vector<std::uint64_t> frames_from_outside(wire::StackId id) {
  std::vector<std::uint64_t> frames;
  for (; id >= wire::kFirstNode; id = collector().node(id).parent) frames.push_back(collector().node(id).address());
  if (id != wire::kRootComplete) frames.push_back(id);
  std::reverse(frames.begin(), frames.end());
  return frames;
}

void check_every_stack(int stacks, FrameOf frame_of) {
  const auto ids = intern_by_many(stacks, frame_of);
  for (int i = 0; i < stacks; ++i) {
    std::vector<std::uint64_t> expected;
    for (int level = 0; frame_of(i, level) != 0; ++level) expected.push_back(frame_of(i, level));
    const wire::StackId id = ids[0][static_cast<std::size_t>(i)];
    REQUIRE(frames_from_outside(id) == expected);
    for (const std::vector<wire::StackId>& of_thread : ids) REQUIRE(of_thread[static_cast<std::size_t>(i)] == id);
  }
}

}  // namespace

TEST_CASE("stacks interned by many threads at once have one id each, and keep their frames") {
  attached();
  const std::uint64_t lost_before = collector().header().lost_stacks;
  check_every_stack(20'000, frame_of_bushy);
  check_every_stack(20'000, frame_of_large_family);
  check_every_stack(1 << 14, frame_of_recursion);
  CHECK(collector().header().lost_stacks == lost_before);
}

TEST_CASE("a stack that was interned has the same id ever after") {
  attached();
  constexpr std::uint64_t kFrames = 100'000;
  std::vector<wire::StackId> ids;
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    const wire::StackId parent = i % 3 == 0 || i < 3 ? wire::kRootComplete : ids[i / 3];
    ids.push_back(g_stacks.intern(parent, 0x5000'0000u + i));
  }
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    const wire::StackId parent = i % 3 == 0 || i < 3 ? wire::kRootComplete : ids[i / 3];
    REQUIRE(g_stacks.intern(parent, 0x5000'0000u + i) == ids[i]);
  }
}

TEST_CASE("a full tree finds what it has, and counts what it has no room for") {
  TestCollector& instance = attached();
  const std::uint64_t lost_before = instance.header().lost_stacks;
  const std::uint32_t capacity = g_region.node_capacity;
  g_region.node_capacity = instance.header().nodes_used + 2;
  const wire::StackId first = g_stacks.intern(wire::kRootComplete, 0x6000'0000u);
  const wire::StackId second = g_stacks.intern(first, 0x6000'0010u);
  CHECK(first == g_region.node_capacity - 2);
  CHECK(second == g_region.node_capacity - 1);
  CHECK(g_stacks.intern(second, 0x6000'0020u) == wire::kRootLost);
  CHECK(g_stacks.intern(first, 0x6000'0030u) == wire::kRootLost);
  CHECK(g_stacks.intern(wire::kRootLost, 0x6000'0040u) == wire::kRootLost);
  CHECK(instance.header().lost_stacks == lost_before + 2);
  CHECK(instance.header().nodes_used == g_region.node_capacity);
  CHECK(g_stacks.intern(wire::kRootComplete, 0x6000'0000u) == first);
  CHECK(g_stacks.intern(first, 0x6000'0010u) == second);
  g_region.node_capacity = capacity;
}

TEST_CASE("links that the program has overwritten lead neither out of the tree nor round in circles") {
  TestCollector& instance = attached();
  constexpr std::uint32_t kFamily = 500;
  const wire::StackId parent = g_stacks.intern(wire::kRootComplete, 0x7000'0000u);
  const auto child = [&](std::uint32_t i) { return g_stacks.intern(parent, 0x7100'0000u + i * 8); };
  for (std::uint32_t i = 0; i < kFamily; ++i) child(i);
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    for (wire::StackId id = parent; id <= parent + kFamily; ++id) {
      wire::StackNode& node = instance.node(id);
      // Anywhere, or among themselves.
      const auto link = [&] {
        return static_cast<wire::StackId>(random() % 2 == 0 ? random() : parent + random() % 9);
      };
      node.first_child = link();
      node.siblings[0] = link();
      node.siblings[1] = link();
    }
    for (std::uint32_t i = 0; i < kFamily; ++i) REQUIRE(child(i) < kCapacity.node_capacity);
  }
}

namespace {

std::atomic<std::uint64_t> g_handled{0};

bool is_expected(wire::Operation operation) {
  return operation == wire::Operation::kExtension || operation == wire::Operation::kAlloc ||
         operation == wire::Operation::kFree || operation == wire::Operation::kMark;
}

void allocate_in_handler(int) {
  const std::uint64_t serial = g_handled.fetch_add(1) + 1;
  record_here(wire::Operation::kFree, 0x9000'0000'0000 + serial, 0);
}

}  // namespace

TEST_CASE("signal handlers that record in the middle of recording lose and mix up nothing") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x3000, 1);
  instance.drain(own_ring(instance));

  struct sigaction action {};
  action.sa_handler = allocate_in_handler;
  struct sigaction old {};
  REQUIRE(::sigaction(SIGUSR1, &action, &old) == 0);
  const auto self = ::pthread_self();
  const auto tid = static_cast<std::uint32_t>(::gettid());
  std::atomic<bool> recorded{false};
  // The thread's own ring, and those of its handlers inside hooks: time rises in each of them.
  struct Reader {
    std::uint64_t position = 0, last_ticks = 0;
  };
  std::map<std::uint32_t, Reader> readers;
  for (std::uint32_t ring = 0; ring < instance.header().ring_count; ++ring) {
    readers[ring].position = instance.ring(ring).head;
  }
  std::uint64_t handled = 0;
  bool ordered = true;
  bool well_formed = true;
  std::atomic<bool> done{false};
  std::thread consumer([&] {
    for (;;) {
      const bool last_round = done;
      for (auto& [ring, reader] : readers) {
        if (static_cast<std::uint32_t>(instance.ring(ring).owner.load()) != tid) continue;
        const std::uint64_t head = instance.ring(ring).head;
        for (; reader.position < head; ++reader.position) {
          const wire::Record record = instance.record(ring, reader.position);
          ordered = ordered && record.ticks() >= reader.last_ticks;
          reader.last_ticks = record.ticks();
          handled += record.operation() == wire::Operation::kFree;
          well_formed = well_formed && is_expected(record.operation());
        }
        instance.ring(ring).tail.store(head);
      }
      if (last_round) return;
    }
  });
  std::thread storm([&] {
    while (!recorded) ::pthread_kill(self, SIGUSR1);
  });
  // Long enough that some of the signals fall into a hook, which takes a fraction of the time.
  for (std::uint64_t i = 0; i < 200'000 || g_handled < 5000; ++i) {
    record_here(wire::Operation::kAlloc, 0x5000'0000'0000 + i, (i % 1000) << 28);
  }
  recorded = true;
  storm.join();
  ::sigaction(SIGUSR1, &old, nullptr);
  done = true;
  consumer.join();
  CHECK(ordered);
  CHECK(well_formed);
  CHECK(g_handled > 0);
  CHECK(handled == g_handled);
  CHECK(instance.header().nested_events > 0);
  CHECK(instance.header().nested_dropped == 0);
}

namespace {

sigjmp_buf g_landing;

void jump_out(int) { siglongjmp(g_landing, 1); }

}  // namespace

TEST_CASE("a hook that siglongjmp leaves costs its own event and no other") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x3000, 1);
  const std::uint32_t ring = own_ring(instance);
  struct sigaction action {};
  action.sa_handler = jump_out;
  struct sigaction old {};
  REQUIRE(::sigaction(SIGALRM, &action, &old) == 0);
  volatile std::uint64_t whole = 0;
  volatile std::uint64_t left = 0;
  const std::uint64_t dropped_before = instance.header().nested_dropped;
  const std::uint64_t start = instance.ring(ring).head;
  for (int round = 0; round < 2000; ++round) {
    if (sigsetjmp(g_landing, 1) == 0) {
      const itimerval soon{{0, 0}, {0, 20 + round % 50}};
      ::setitimer(ITIMER_REAL, &soon, nullptr);
      for (;;) {
        record_here(wire::Operation::kAlloc, 0x3000, 1);
        whole = whole + 1;
        instance.ring(ring).tail.store(instance.ring(ring).head);
      }
    }
    left = left + 1;
  }
  ::sigaction(SIGALRM, &old, nullptr);
  record_here(wire::Operation::kAlloc, 0x3000, 1);
  const std::uint64_t recorded = instance.ring(ring).head - start - 1;
  CHECK(recorded >= whole);
  CHECK(recorded <= whole + left);
  // Some were in a hook, and were seen to be.
  CHECK(instance.header().nested_dropped > dropped_before);
  CHECK(recorded + (instance.header().nested_dropped - dropped_before) <= whole + left);
}

TEST_CASE("short-lived threads hand their rings on") {
  TestCollector& instance = attached();
  for (int i = 0; i < 2000; ++i) {
    std::thread([] { record_here(wire::Operation::kAlloc, 0x4000, 1); }).join();
  }
  CHECK(instance.header().rings_used <= 24);  // 8 threads of the test before, and a few that were not yet gone
  CHECK(instance.header().dropped_events == 0);
}

TEST_CASE("a thread that finds its ring full waits for the collector, and says so") {
  TestCollector& instance = attached();
  const std::uint64_t waits_before = instance.header().ring_waits;
  std::atomic<std::uint32_t> ring{UINT32_MAX};
  std::atomic<bool> finished{false};
  std::thread producer([&] {
    record_here(wire::Operation::kAlloc, 0x5000, 1);
    const std::uint32_t index = own_ring(instance);
    instance.drain(index);
    ring = index;
    for (std::uint32_t i = 0; i < kCapacity.ring_records; ++i) record_here(wire::Operation::kAlloc, 0x5000, 1);
    finished = true;
  });
  while (ring == UINT32_MAX || instance.ring(ring).producer_waits == 0) ::usleep(1000);
  CHECK_FALSE(finished);
  instance.drain(ring);
  preload::sys::futex_wake_all(instance.ring(ring).drained);
  producer.join();
  CHECK(finished);
  CHECK(instance.header().ring_waits == waits_before + 1);
  CHECK(instance.header().ring_wait_ns > 0);
  CHECK(instance.header().dropped_events == 0);
}

TEST_CASE("a collector that sleeps is woken at each quarter of a ring, one that dozes when it is half full") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x1000, 1);
  const std::uint32_t ring = own_ring(instance);
  constexpr std::uint64_t kQuarter = kCapacity.ring_records / 4;
  const auto filled_until_rung = [&](wire::CollectorSleep sleep) {
    instance.drain(ring);
    instance.header().collector_sleeps = static_cast<std::uint32_t>(sleep);
    const std::uint32_t rung = instance.header().doorbell;
    const std::uint64_t begin = instance.ring(ring).head;
    std::uint64_t filled = 0;
    while (instance.header().doorbell == rung && filled < kCapacity.ring_records - kRoom) {
      record_here(wire::Operation::kFree, 0x1000, 0);
      filled = instance.ring(ring).head - begin;
    }
    instance.header().collector_sleeps = static_cast<std::uint32_t>(wire::CollectorSleep::kAwake);
    return filled;
  };
  for (int i = 0; i < 3; ++i) {
    CHECK(filled_until_rung(wire::CollectorSleep::kSleeps) <= kQuarter);
    const std::uint64_t while_dozing = filled_until_rung(wire::CollectorSleep::kDozes);
    CHECK(while_dozing >= 2 * kQuarter);
    CHECK(while_dozing <= 3 * kQuarter);
    CHECK(filled_until_rung(wire::CollectorSleep::kAwake) >= kCapacity.ring_records - kRoom);
  }
}

TEST_CASE("events on the straight path and beside it follow each other without a gap") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 1, 1);
  const std::uint32_t ring = own_ring(instance);
  instance.drain(ring);
  const std::uint64_t begin = instance.ring(ring).head;
  std::uint64_t expected = begin;
  for (std::uint32_t i = 0; i < 3 * kCapacity.ring_records; ++i) {
    // One in 1,000 takes two records, one in 700 comes in a pause and has another hook.
    const std::uint64_t size = i % 1000 == 0 ? std::uint64_t{1} << 33 : i;
    if (i % 700 == 0) pause_counting();
    record_here(wire::Operation::kAlloc, i + 1, size);
    if (i % 700 == 0) resume_counting();
    expected += size >> 32 != 0 ? 2 : 1;
    REQUIRE(instance.ring(ring).head == expected);
    const wire::Record record = instance.record(ring, expected - 1);
    REQUIRE(record.address == i + 1);
    REQUIRE(record.low_size() == (size & 0xffff'ffff));
    REQUIRE(record.hook_or_mark() == (i % 700 == 0 ? wire::kUnrecordedHook : static_cast<int>(wire::Hook::kMalloc)));
    REQUIRE((record.stack() == wire::kRootComplete) == (i % 700 == 0));
    if (i % 5000 == 0) instance.drain(ring);
  }
  instance.drain(ring);
}

TEST_CASE("one event in 256 is timed, and none that rings the doorbell") {
  std::uint64_t timed = 0;
  for (std::uint64_t record = 0; record < 16 * kCapacity.ring_records; ++record) {
    if (next_timed(record) != record) continue;
    ++timed;
    CHECK((record + 1) % (wire::kSmallCapacity.ring_records / 4) != 0);
  }
  CHECK(timed == 16 * kCapacity.ring_records / kTimedEvery);
}

TEST_CASE("a child of fork does not write into its parent's rings") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x6000, 1);
  const std::uint32_t ring = own_ring(instance);
  const std::uint64_t before = instance.ring(ring).head;
  const pid_t child = ::fork();
  if (child == 0) {
    // The test's collector serves one process: the child is refused, and records nothing.
    ::alarm(10);
    record_here(wire::Operation::kAlloc, 0x6000, 1);
    ::_exit(g_process->state.load() == ProcessState::kRecording ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(instance.ring(ring).head == before);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("with the first event of a second thread all threads begin to read the clock in order") {
  attached();
  record_here(wire::Operation::kAlloc, 0x7770'0000, 1);
  const Clock before = g_clock.exchange(Clock::kTscOneThread);
  record_here(wire::Operation::kFree, 0x7770'0000, 0);
  CHECK(g_clock == Clock::kTscOneThread);
  std::thread([] { record_here(wire::Operation::kAlloc, 0x7770'0000, 1); }).join();
  CHECK(g_clock == Clock::kTscThreads);
  // Where there is no usable TSC nothing changes.
  g_clock = Clock::kMonotonic;
  share_clock();
  CHECK(g_clock == Clock::kMonotonic);
  g_clock = before;
}

TEST_CASE("recording ends by itself when the collector is gone, and the thread goes on") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x7000, 1);
  instance.header().collector_lock_word.store(wire::kOwnerDied);
  for (std::uint32_t i = 0; i < 2 * kCapacity.ring_records; ++i) record_here(wire::Operation::kAlloc, 0x7000, 1);
  CHECK(instance.header().recording_stopped == 1);
  CHECK(g_process->state.load() == ProcessState::kOff);
  CHECK(record_here(wire::Operation::kAlloc, 0x7000, 1) == wire::kRootLost);
}
