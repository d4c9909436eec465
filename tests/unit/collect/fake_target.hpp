#pragma once
// Plays the target's side of a region: writes well-formed records (or whatever a test asks for) as libmemprof.so
// would, from any number of threads with one FakeRing each.

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <thread>

#include "wire/region.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace memprof::collect {

/// A region as the target maps it.
class FakeTarget {
 public:
  FakeTarget(int descriptor, std::uint64_t bytes) : bytes_(bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("the fake target cannot map the region");
    base_ = static_cast<std::byte*>(memory);
    rings_offset_ = header().rings_offset;
    modules_offset_ = header().modules_offset;
    paths_offset_ = header().paths_offset;
    nodes_offset_ = header().nodes_offset;
    records_offset_ = header().records_offset;
    ring_records_ = header().ring_records;
  }
  ~FakeTarget() { ::munmap(base_, bytes_); }
  FakeTarget(const FakeTarget&) = delete;
  FakeTarget& operator=(const FakeTarget&) = delete;

  wire::Header& header() const { return *at<wire::Header>(0); }
  wire::RingHeader& ring(std::uint32_t index) const { return at<wire::RingHeader>(rings_offset_)[index]; }
  wire::Record* records(std::uint32_t ring) const {
    return at<wire::Record>(records_offset_) + std::size_t{ring} * ring_records_;
  }
  wire::ModuleRecord& module(std::uint32_t index) const { return at<wire::ModuleRecord>(modules_offset_)[index]; }
  wire::StackNode& node(wire::StackId id) const { return at<wire::StackNode>(nodes_offset_)[id]; }
  std::byte* bytes() const { return base_; }
  std::uint32_t ring_records() const { return ring_records_; }

  /// Present time as the hooks stamp it.
  std::uint64_t now() const {
    std::uint64_t raw = 0;
#if defined(__x86_64__)
    unsigned processor = 0;
    if (header().clock_source == wire::ClockSource::kTsc) raw = __rdtscp(&processor);
#endif
    if (header().clock_source == wire::ClockSource::kMonotonic) {
      timespec time{};
      ::clock_gettime(CLOCK_MONOTONIC, &time);
      raw = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec);
    }
    return raw - header().clock_base;
  }

  wire::StackId add_node(wire::StackId parent, std::uint64_t address, std::uint16_t module) const {
    const std::uint32_t id = header().nodes_used.fetch_add(1);
    node(id) = {address | std::uint64_t{module} << 48, parent, 0, {}};
    return id;
  }
  /// A stack of return addresses, outermost first.
  wire::StackId add_stack(std::initializer_list<std::uint64_t> addresses, std::uint16_t module = wire::kNoModule,
                          wire::StackId root = wire::kRootComplete) const {
    for (const std::uint64_t address : addresses) root = add_node(root, address, module);
    return root;
  }

  std::uint16_t add_module(const std::string& path, std::uint64_t start, std::uint64_t end, std::uint64_t bias) const {
    const std::uint32_t index = header().modules_used.fetch_add(1);
    const auto size = static_cast<std::uint32_t>(path.size());
    const std::uint32_t offset = header().paths_used.fetch_add(size);
    std::memcpy(at<char>(paths_offset_) + offset, path.data(), path.size());
    wire::ModuleRecord& record = module(index);
    record.path_offset = offset;
    record.path_bytes = size;
    record.build_id_bytes = 2;
    record.build_id[0] = 0xab;
    record.build_id[1] = 0x0c;
    record.start = start;
    record.end = end;
    record.bias = bias;
    record.ready.store(1, std::memory_order_release);
    return static_cast<std::uint16_t>(index);
  }

 private:
  template <typename T>
  T* at(std::uint64_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }

  std::byte* base_ = nullptr;
  std::uint64_t bytes_;
  // Copied while connecting, as the target does: a test may scribble over the header.
  std::uint64_t rings_offset_ = 0, modules_offset_ = 0, paths_offset_ = 0, nodes_offset_ = 0, records_offset_ = 0;
  std::uint32_t ring_records_ = 0;
};

/// One thread's ring. Times are given by the test, or the present where they are left out (kNow).
class FakeRing {
 public:
  static constexpr std::uint64_t kNow = ~std::uint64_t{0};

  /// The next unused ring of the target.
  FakeRing(const FakeTarget& target, std::uint32_t tid, std::uint64_t ticks = kNow)
      : FakeRing(target, target.header().rings_used.fetch_add(1), tid, ticks) {}
  /// A ring that had another owner before.
  FakeRing(const FakeTarget& target, std::uint32_t index, std::uint32_t tid, std::uint64_t ticks)
      : target_(target), index_(index), ring_(target.ring(index)), head_(ring_.head) {
    ring_.owner.store(tid | std::uint64_t{1} << 32);
    put(ticks, wire::Operation::kMark, static_cast<std::uint8_t>(wire::Mark::kThread), tid, 0, 0);
    publish();
  }

  std::uint32_t index() const { return index_; }

  void alloc(std::uint64_t address, std::uint64_t size, wire::StackId stack = 0, std::uint64_t ticks = kNow,
             wire::Hook hook = wire::Hook::kMalloc) {
    event(ticks, wire::Operation::kAlloc, hook, address, size, stack);
  }
  void alloc_fail(std::uint64_t size, wire::StackId stack = 0, std::uint64_t ticks = kNow) {
    event(ticks, wire::Operation::kAllocFail, wire::Hook::kMalloc, 0, size, stack);
  }
  void free(std::uint64_t address, wire::StackId stack = 0, std::uint64_t ticks = kNow) {
    event(ticks, wire::Operation::kFree, wire::Hook::kFree, address, 0, stack);
  }
  void realloc_begin(std::uint64_t address, std::uint64_t size, wire::StackId stack = 0, std::uint64_t ticks = kNow) {
    event(ticks, wire::Operation::kReallocBegin, wire::Hook::kRealloc, address, size, stack);
  }
  void realloc_end(std::uint64_t address, std::uint64_t size, wire::StackId stack = 0, std::uint64_t ticks = kNow) {
    event(ticks, wire::Operation::kReallocEnd, wire::Hook::kRealloc, address, size, stack);
  }
  void realloc_fail(std::uint64_t address, std::uint64_t size, wire::StackId stack = 0, std::uint64_t ticks = kNow) {
    event(ticks, wire::Operation::kReallocFail, wire::Hook::kRealloc, address, size, stack);
  }
  void skip(std::uint64_t ticks = kNow) {
    put(ticks, wire::Operation::kExtension, 0, 0, 0, 0);
    publish();
  }

  void event(std::uint64_t ticks, wire::Operation operation, wire::Hook hook, std::uint64_t address, std::uint64_t size,
             wire::StackId stack) {
    wait_for_room(2);
    if (size >> 32 != 0) put(ticks, wire::Operation::kExtension, 0, size >> 32, 0, 0);
    put(ticks, operation, static_cast<std::uint8_t>(hook), address, size, stack);
    publish();
  }

  /// Writes without publishing.
  void put(std::uint64_t ticks, wire::Operation operation, std::uint8_t hook_or_mark, std::uint64_t address,
           std::uint64_t size, wire::StackId stack) {
    const std::uint64_t time = ticks == kNow ? target_.now() : ticks;
    put(wire::Record::make(time, operation, hook_or_mark, address, size, stack));
  }
  void put(const wire::Record& record) {
    target_.records(index_)[head_ & (target_.ring_records() - 1)] = record;
    ++head_;
  }
  void publish() {
    const std::uint64_t quarter = target_.ring_records() / 4;
    const std::uint64_t before = ring_.head.load(std::memory_order_relaxed);
    ring_.head.store(head_, std::memory_order_seq_cst);
    const auto dozes = static_cast<std::uint32_t>(wire::CollectorSleep::kDozes);
    const bool waits_for_half = target_.header().collector_sleeps.load() == dozes;
    if (((before ^ head_) & quarter) != 0 && (!waits_for_half || room() <= 2 * quarter)) ring_doorbell();
  }

  std::uint64_t room() const { return target_.ring_records() - (head_ - ring_.tail.load()); }

  static void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* timeout) {
    ::syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
  }

 private:
  void ring_doorbell() {
    if (target_.header().collector_sleeps.load() == 0) return;
    target_.header().doorbell.fetch_add(1);
    futex(target_.header().doorbell, FUTEX_WAKE, 1 << 30, nullptr);
  }

  void wait_for_room(std::uint64_t records) {
    if (room() >= records) return;
    target_.header().ring_waits.fetch_add(1);
    while (room() < records) {
      const std::uint32_t drained = ring_.drained.load();
      ring_.producer_waits.store(1);
      if (room() >= records) break;
      ring_doorbell();
      // Much longer than a test may take: a missed wake shows as a failure by time-out.
      const timespec long_time{600, 0};
      futex(ring_.drained, FUTEX_WAIT, drained, &long_time);
    }
    ring_.producer_waits.store(0);
  }

  const FakeTarget& target_;
  std::uint32_t index_;
  wire::RingHeader& ring_;
  std::uint64_t head_;
};

}  // namespace memprof::collect
