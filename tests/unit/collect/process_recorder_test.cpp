// The recorder with its own thread, against targets that are real threads and real processes.

#include "collect/process_recorder.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collect/collector_lock.hpp"
#include "tests/unit/collect/engine_fixture.hpp"

namespace memprof::collect {
namespace {

std::unique_ptr<ProcessRecorder> make_recorder(RecorderOptions options = {}) {
  auto recorder = ProcessRecorder::create(options);
  REQUIRE(recorder);
  return std::move(*recorder);
}

RecorderOptions small_options() {
  RecorderOptions options;
  options.capacity = kTestCapacity;
  return options;
}

bool has_reason(const Capture& capture, const std::string& part) {
  for (const std::string& reason : capture.incomplete_reasons) {
    if (reason.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("threads that outrun the recorder wait, and nothing is lost") {
  RecorderOptions options = small_options();
  options.capacity.ring_records = 64;
  options.resolve_threads = GENERATE(1u, 2u);
  const auto recorder = make_recorder(options);
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->release_descriptor();
  recorder->start(::getpid());
  constexpr std::uint64_t kBlocks = 20'000;
  std::vector<std::thread> threads;
  for (std::uint32_t number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      FakeRing ring(target, 100 + number);
      for (std::uint64_t i = 0; i < kBlocks; ++i) {
        ring.alloc((number * kBlocks + i + 1) * 16, 10);
        if (i % 2 == 0) ring.free((number * kBlocks + i + 1) * 16);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const CapturedProcess captured = recorder->finish();
  CHECK(captured.capture.complete);
  CHECK(captured.capture.incomplete_reasons.empty());
  CHECK(captured.capture.ring_waits > 0);
  CHECK(captured.totals.allocations == 4 * kBlocks);
  CHECK(captured.totals.frees == 2 * kBlocks);
  CHECK(captured.totals.live_bytes == 2 * kBlocks * 10);
  CHECK(captured.threads.size() == 4);
  CHECK(captured.capture.overhead_bytes > 4 * 64 * sizeof(wire::Record));
  REQUIRE(!captured.timeline.empty());
  CHECK(captured.timeline.back().live_bytes == captured.totals.live_bytes);
  CHECK(captured.timeline.back().allocations == captured.totals.allocations);
  CHECK(captured.timeline.back().rss_bytes > 0);
  CHECK(captured.timeline.back().time_s >= captured.totals.peak_time_s);
}

TEST_CASE("a sleeping recorder is woken by the doorbell, and its status follows") {
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->start(::getpid());
  FakeRing ring(target, 100);
  while (target.header().collector_sleeps == 0) std::this_thread::yield();
  for (std::uint64_t i = 1; i <= 5'000; ++i) ring.alloc(i * 16, 1);  // more than the ring holds
  while (recorder->status().events < 5'000) std::this_thread::yield();
  CHECK(recorder->status().live_bytes == 5'000);
  CHECK(recorder->status().peak_bytes == 5'000);
  CHECK(recorder->finish().totals.live_blocks == 5'000);
}

TEST_CASE("sites of many call stacks come after the rest, and outlive the recorder") {
  auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->start(::getpid());
  constexpr std::uint64_t kStacks = 4'000;
  FakeRing ring(target, 100);
  std::vector<wire::StackId> stacks;
  for (std::uint64_t i = 1; i <= kStacks; ++i) {
    stacks.push_back(target.add_stack({i}));
    ring.alloc(i * 16, i, stacks.back());
  }
  ring.free(16, stacks.back());
  CapturedProcess captured = recorder->finish();
  CHECK(captured.totals.live_blocks == kStacks - 1);
  REQUIRE(captured.sites.empty());
  REQUIRE(captured.sites_to_come.size() == kStacks);
  CHECK(captured.sites_to_come[7].stack == stacks[7]);
  CHECK(captured.sites_to_come[7].allocates);
  recorder.reset();
  captured.await_sites();
  CHECK(captured.sites_to_come.empty());
  REQUIRE(captured.sites.size() == kStacks);
  for (std::size_t i = 0; i < kStacks; ++i) {
    REQUIRE(captured.sites[i].stack == stacks[i]);
    REQUIRE(captured.sites[i].allocated_bytes == i + 1);
  }
  CHECK(captured.sites.back().frees == 1);
  captured.await_sites();  // once is enough
  CHECK(captured.sites.size() == kStacks);
}

/// What the recorder gives to its taker, in terms of the profile.
struct TakenSnapshots {
  void take(FrozenProcess&& frozen, SnapshotOrder&& order) {
    CapturedProcess captured = std::move(frozen).thaw();
    const std::lock_guard lock(mutex);
    orders.push_back(std::move(order));
    processes.push_back(std::move(captured));
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return processes.size();
  }
  SnapshotTaker taker() {
    return [this](FrozenProcess&& frozen, SnapshotOrder&& order) { take(std::move(frozen), std::move(order)); };
  }

  std::mutex mutex;
  std::vector<SnapshotOrder> orders;
  std::vector<CapturedProcess> processes;
};

TEST_CASE("a snapshot has all that came before it was asked for, and the recording goes on") {
  TakenSnapshots taken;
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->on_snapshot(taken.taker());
  recorder->start(::getpid());
  FakeRing ring(target, 100);
  const wire::StackId stack = target.add_stack({0x1000});
  for (std::size_t round = 1; round <= 20; ++round) {
    ring.alloc(round * 16, 10, stack);
    SnapshotOrder order;
    order.name = round == 5 ? "fifth" : "";
    recorder->request_snapshot(std::move(order));
    while (taken.count() < round) std::this_thread::yield();
    const CapturedProcess& captured = taken.processes.back();
    CHECK(captured.totals.live_blocks == round);
    CHECK(site_of(captured, stack).live_bytes == 10 * round);
    CHECK(captured.snapshots.size() == round);
    CHECK(captured.snapshot.time_s >= captured.totals.peak_time_s);
    CHECK(taken.orders.back().name == (round == 5 ? "fifth" : "snapshot-" + std::to_string(round)));
  }
  CHECK(recorder->status().snapshots == 20);
  const CapturedProcess whole = recorder->finish();
  CHECK(whole.totals.live_blocks == 20);
  CHECK(whole.snapshots.size() == 20);
  CHECK(whole.snapshot_names.at(4) == "fifth");
}

TEST_CASE("a program can't have snapshots without end") {
  TakenSnapshots taken;
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->on_snapshot(taken.taker());
  recorder->start(::getpid());
  FakeRing ring(target, 100);
  ring.alloc(16, 1);
  for (int i = 0; i < 1'003; ++i) {
    ring.put(FakeRing::kNow, wire::Operation::kMark, static_cast<std::uint8_t>(wire::Mark::kSnapshot), 0, 0, 0);
  }
  ring.publish();
  const CapturedProcess captured = recorder->finish();
  CHECK(taken.count() == 1'000);
  CHECK(captured.snapshots.size() == 1'000);
  REQUIRE(captured.capture.degraded_reasons.size() == 1);
  CHECK(captured.capture.degraded_reasons[0] ==
        "Of 1003 snapshots that the program asked for only the first 1000 were taken.");
}

TEST_CASE("a question is answered at once, also when the recorder has just read the ring") {
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->start(::getpid());
  FakeRing ring(target, 100);
  wire::RingHeader& header = target.ring(ring.index());
  for (std::uint32_t number = 1; number <= 300; ++number) {
    ring.alloc(number * 16, 1);
    ring.put(FakeRing::kNow, wire::Operation::kMark, static_cast<std::uint8_t>(wire::Mark::kTraced), 0, number, 0);
    ring.publish();
    target.header().doorbell.fetch_add(1);
    FakeRing::futex(target.header().doorbell, FUTEX_WAKE, 1 << 30, nullptr);
    while (header.answered.load(std::memory_order_acquire) != number) std::this_thread::yield();
    CHECK(header.answer[0] == number);
    CHECK(header.answer[1] == number);
  }
  // An address in no block: an answer of no length.
  ring.put(FakeRing::kNow, wire::Operation::kMark, static_cast<std::uint8_t>(wire::Mark::kWhere), 0xdead'0000, 301, 0);
  ring.publish();
  while (header.answered.load(std::memory_order_acquire) != 301) std::this_thread::yield();
  CHECK(header.answer[0] == 0);
  // One of a block without a stack: its size and what allocated it.
  ring.put(FakeRing::kNow, wire::Operation::kMark, static_cast<std::uint8_t>(wire::Mark::kWhere), 16, 302, 0);
  ring.publish();
  while (header.answered.load(std::memory_order_acquire) != 302) std::this_thread::yield();
  const char* const text = reinterpret_cast<const char*>(target.bytes()) + target.header().answers_offset +
                           ring.index() * wire::kAnswerBytes;
  CHECK(std::string(text) == "1 byte, malloc");
  CHECK(header.answer[0] == std::string(text).size());
}

TEST_CASE("what a killed process has published is all there") {
  const auto recorder = make_recorder(small_options());
  const pid_t child = ::fork();
  if (child == 0) {
    const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
    FakeRing ring(target, 100);
    for (std::uint64_t i = 1; i <= 3'000; ++i) ring.alloc(i * 16, 2);
    ring.realloc_begin(16, 100);
    ::kill(::getpid(), SIGKILL);
  }
  recorder->start(child);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const CapturedProcess captured = recorder->finish();
  CHECK(captured.totals.live_blocks == 3'000);
  CHECK(captured.totals.live_bytes == 6'000);
  CHECK(captured.capture.complete);
}

TEST_CASE("threads have the names they had when they were first seen") {
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->start(::getpid());
  std::atomic<bool> stay{true};
  std::thread worker([&] {
    ::prctl(PR_SET_NAME, "worker bee");
    FakeRing ring(target, static_cast<std::uint32_t>(::gettid()));
    ring.alloc(16, 1);
    while (stay) std::this_thread::yield();
  });
  while (recorder->status().events == 0) std::this_thread::yield();
  const CapturedProcess captured = recorder->finish();
  stay = false;
  worker.join();
  REQUIRE(captured.threads.size() == 1);
  CHECK(captured.thread_names.at(captured.threads[0].name) == "worker bee");
}

TEST_CASE("modules are opened while the target lives") {
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  const std::string library = std::filesystem::temp_directory_path() / ("memprof-" + std::to_string(::getpid()));
  REQUIRE(std::filesystem::copy_file("/proc/self/exe", library));
  const auto exe = target.add_module("", 0x1000, 0x2000, 0x1000);
  const auto deleted = target.add_module(library, 0x3000, 0x4000, 0x3000);
  const auto pipe = target.add_module("/dev/null", 0x5000, 0x6000, 0x5000);
  const auto vdso = target.add_module("[vdso]", 0x7000, 0x8000, 0x7000);
  recorder->start(::getpid());
  const auto stack = target.add_stack({0x3500}, deleted, wire::kRootCutDepth);
  FakeRing ring(target, 100);
  ring.alloc(16, 1, stack);
  ring.free(16, wire::kRootCutUnwind);
  while (recorder->status().events < 1) std::this_thread::yield();
  std::filesystem::remove(library);
  const CapturedProcess captured = recorder->finish();
  REQUIRE(captured.modules.size() == 5);
  CHECK(captured.modules[exe].path == std::filesystem::read_symlink("/proc/self/exe"));
  CHECK(captured.modules[exe].file);
  CHECK(captured.modules[deleted].path == library);
  CHECK(captured.modules[deleted].file);
  CHECK(captured.modules[deleted].build_id == "ab0c");
  CHECK_FALSE(captured.modules[pipe].file);
  CHECK_FALSE(captured.modules[vdso].file);
  CHECK(captured.stacks[stack].address == 0x3500);
  CHECK(captured.stacks[stack].module == deleted);
  CHECK(captured.capture.truncated_stacks == 2);
  CHECK(captured.capture.complete);
}

TEST_CASE("the collector lock tells whether the recorder lives") {
  const auto recorder = make_recorder(small_options());
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  const std::uint32_t word = target.header().collector_lock_word;
  CHECK(word != 0);
  CHECK((word & wire::kOwnerDied) == 0);
  recorder->start(::getpid());
  CHECK(target.header().collector_lock_word == word);
  static_cast<void>(recorder->finish());
  CHECK((target.header().collector_lock_word & wire::kOwnerDied) != 0);
}

TEST_CASE("a collector that is killed leaves its mark in the region") {
  int sockets[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  // The parent makes the memory; the child plays the collector that dies.
  const SharedRegion region = make_region();
  const pid_t child = ::fork();
  if (child == 0) {
    const CollectorLock lock(region.header().collector_lock_word);
    char byte = 1;
    if (::write(sockets[1], &byte, 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  REQUIRE(::read(sockets[0], &byte, 1) == 1);
  CHECK(region.header().collector_lock_word == static_cast<std::uint32_t>(child));
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK((region.header().collector_lock_word & wire::kOwnerDied) != 0);
  ::close(sockets[0]);
  ::close(sockets[1]);
}

TEST_CASE("a thread that waits for room is let go when the recorder ends") {
  RecorderOptions options = small_options();
  options.capacity.ring_records = 64;
  const auto recorder = make_recorder(options);  // never started: nobody drains
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  std::atomic<bool> woken{false};
  std::thread producer([&] {
    FakeRing ring(target, 100);
    while (ring.room() > 2) ring.alloc(16, 1);
    wire::RingHeader& header = target.ring(0);
    const std::uint32_t drained = header.drained;
    header.producer_waits = 1;
    while (header.drained == drained) FakeRing::futex(header.drained, FUTEX_WAIT, drained, nullptr);
    woken = true;
  });
  while (target.header().rings_used == 0 || target.ring(0).producer_waits == 0) std::this_thread::yield();
  const CapturedProcess captured = recorder->finish();
  producer.join();
  CHECK(woken);
}

TEST_CASE("a recorder that was never started has an empty capture") {
  const auto recorder = make_recorder();
  const CapturedProcess captured = recorder->finish();
  CHECK(captured.events() == 0);
  CHECK(captured.capture.complete);
}

TEST_CASE("what makes a capture incomplete is said in sentences") {
  RecorderOptions options = small_options();
  options.forked = true;
  const auto recorder = make_recorder(options);
  const FakeTarget target(recorder->descriptor(), recorder->region_bytes());
  recorder->start(::getpid());
  wire::Header& header = target.header();
  header.nested_events = 3;
  header.unwind_fallbacks = 4;
  header.ring_waits = 5;
  header.ring_wait_ns = 1'500'000'000;
  FakeRing ring(target, 100);
  ring.free(0x10);
  SECTION("nothing") {
    const Capture capture = recorder->finish().capture;
    CHECK(capture.complete);
    CHECK(capture.max_depth == options.max_depth);
    CHECK(capture.inherited_frees == 1);
    CHECK(capture.unknown_frees == 0);
    CHECK(capture.nested_events == 3);
    CHECK(capture.unwind_fallbacks == 4);
    CHECK(capture.ring_waits == 5);
    CHECK(capture.ring_wait_s == Approx(1.5));
  }
  SECTION("dropped events") {
    header.dropped_events = 1;
    const Capture capture = recorder->finish().capture;
    CHECK_FALSE(capture.complete);
    CHECK(capture.dropped_events == 1);
    CHECK(has_reason(capture, "1 event was dropped"));
  }
  SECTION("signal handlers") {
    header.nested_dropped = 7;
    CHECK(has_reason(recorder->finish().capture, "7 events made by signal handlers"));
  }
  SECTION("lost stacks") {
    ring.alloc(16, 1, wire::kRootLost);
    const Capture capture = recorder->finish().capture;
    CHECK(capture.lost_stacks == 1);
    CHECK(has_reason(capture, "1 event has no call stack"));
  }
  SECTION("damage") {
    ring.put(FakeRing::kNow, wire::Operation::kAlloc, 30, 16, 1, 0);
    ring.publish();
    CHECK(has_reason(recorder->finish().capture, "because damaged: 1 record."));
  }
  SECTION("a target that gave up") {
    header.recording_stopped = 1;
    CHECK(has_reason(recorder->finish().capture, "stopped recording"));
  }
}

TEST_CASE("a limit on file sizes is told apart before the kernel ends us for it") {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto recorder = ProcessRecorder::create({});
    const bool told = !recorder && recorder.error().hint.find("ulimit -f") != std::string::npos &&
                      recorder.error().code == ExitCode::kCannotRun;
    ::_exit(told ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace
}  // namespace memprof::collect
