// The library's recording, without its hooks: one process image is attached once, so all tests share one collector.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/recorder.hpp"
#include "preload/stack_table.hpp"
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
  for (int i = 0; i < 3; ++i) ids.insert(record_here(wire::Operation::kAlloc, 0x2000, 1));
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

TEST_CASE("stacks interned by many threads at once keep their frames while the table grows") {
  attached();
  constexpr int kThreads = 8;
  constexpr int kStacks = 20'000;
  std::vector<std::vector<wire::StackId>> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &ids] {
      // All threads intern the same stacks, each in an order of its own.
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<int> order(kStacks);
      for (int i = 0; i < kStacks; ++i) order[static_cast<std::size_t>(i)] = i;
      std::shuffle(order.begin(), order.end(), random);
      ids[static_cast<std::size_t>(t)].resize(kStacks);
      for (const int i : order) {
        wire::StackId id = wire::kRootComplete;
        for (int level = 0; level < 4; ++level) {
          id = g_stacks.intern(id, 0x10000u + static_cast<std::uint64_t>(i >> (12 - 4 * level)) * 16);
        }
        ids[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)] = id;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t duplicates = 0;
  for (int i = 0; i < kStacks; ++i) {
    std::set<wire::StackId> distinct;
    for (int t = 0; t < kThreads; ++t) {
      wire::StackId id = ids[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)];
      distinct.insert(id);
      for (int level = 3; level >= 0; --level) {
        const wire::StackNode& node = collector().node(id);
        REQUIRE(node.address() == 0x10000u + static_cast<std::uint64_t>(i >> (12 - 4 * level)) * 16);
        id = node.parent;
      }
      REQUIRE(id == wire::kRootComplete);
    }
    duplicates += distinct.size() - 1;
  }
  // Growth may intern a stack twice (stack_table.hpp), but that is the exception.
  CHECK(duplicates < kStacks / 20);
}

namespace {

std::atomic<std::uint64_t> g_handled{0};

void allocate_in_handler(int) {
  const std::uint64_t serial = g_handled.fetch_add(1) + 1;
  record_here(wire::Operation::kFree, 0x9000'0000'0000 + serial, 0);
}

}  // namespace

TEST_CASE("signal handlers that record in the middle of recording lose and mix up nothing") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x3000, 1);
  const std::uint32_t ring = own_ring(instance);
  instance.drain(ring);

  struct sigaction action {};
  action.sa_handler = allocate_in_handler;
  struct sigaction old {};
  REQUIRE(::sigaction(SIGUSR1, &action, &old) == 0);
  const std::uint64_t start = instance.ring(ring).head;
  const auto self = ::pthread_self();
  std::atomic<bool> recorded{false};
  std::thread storm([&] {
    while (!recorded) ::pthread_kill(self, SIGUSR1);
  });
  std::uint64_t handled = 0;
  bool ordered = true;
  bool well_formed = true;
  std::atomic<bool> done{false};
  std::thread consumer([&, position = start, last_ticks = std::uint64_t{0}]() mutable {
    for (;;) {
      const bool last_round = done;
      const std::uint64_t head = instance.ring(ring).head;
      for (; position < head; ++position) {
        const wire::Record record = instance.record(ring, position);
        ordered = ordered && record.ticks() >= last_ticks;
        last_ticks = record.ticks();
        handled += record.operation() == wire::Operation::kFree;
        well_formed = well_formed &&
                      (record.operation() == wire::Operation::kFree || record.operation() == wire::Operation::kAlloc ||
                       record.operation() == wire::Operation::kExtension);
      }
      instance.ring(ring).tail.store(head);
      if (last_round) return;
    }
  });
  // Long enough that some of the signals fall into a hook, which takes a fraction of the time.
  for (std::uint64_t i = 0; i < 200'000 || g_handled < 5000; ++i) {
    record_here(wire::Operation::kAlloc, 0x5000'0000'0000 + i, (i % 1000) << 28);
  }
  recorded = true;
  storm.join();
  ::sigaction(SIGUSR1, &old, nullptr);
  record_here(wire::Operation::kAlloc, 0x3000, 1);  // publishes what a last handler may have left
  done = true;
  consumer.join();
  CHECK(ordered);
  CHECK(well_formed);
  CHECK(g_handled > 0);
  CHECK(handled == g_handled);
  CHECK(instance.header().nested_events > 0);
  CHECK(instance.header().nested_dropped == 0);
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

TEST_CASE("recording ends by itself when the collector is gone, and the thread goes on") {
  TestCollector& instance = attached();
  record_here(wire::Operation::kAlloc, 0x7000, 1);
  instance.header().collector_lock_word.store(wire::kOwnerDied);
  for (std::uint32_t i = 0; i < 2 * kCapacity.ring_records; ++i) record_here(wire::Operation::kAlloc, 0x7000, 1);
  CHECK(instance.header().recording_stopped == 1);
  CHECK(g_process->state.load() == ProcessState::kOff);
  CHECK(record_here(wire::Operation::kAlloc, 0x7000, 1) == wire::kRootLost);
}
