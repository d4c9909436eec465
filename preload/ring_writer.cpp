#include "preload/ring_writer.hpp"

#include "preload/sys.hpp"

namespace memprof::preload {

namespace {

constexpr long kLookAgainNs = 100'000'000;  // how often a waiting thread asks whether the collector still lives

constexpr std::uint64_t smaller(std::uint64_t a, std::uint64_t b) { return a < b ? a : b; }

/// Whether there is room for an event. If so, it says how far the straight path goes.
bool has_room(ThreadState& thread) {
  const std::uint64_t tail = thread.ring->tail.load(std::memory_order_acquire);
  if (thread.reserved + kRoom - tail > g_region.ring_records) return false;
  const std::uint64_t timed = next_timed(thread.reserved);
  const std::uint64_t rings_doorbell = thread.reserved | (g_region.ring_records / 4 - 1);
  const std::uint64_t without_room = tail + g_region.ring_records - kRoom + 1;
  const bool straight = g_paused == 0 && g_clock.load(std::memory_order_relaxed) != Clock::kMonotonic &&
                        (thread.known != nullptr || g_region.max_depth == 0);
  thread.straight_end = straight ? smaller(smaller(timed, rings_doorbell), without_room) : 0;
  return true;
}

}  // namespace

void ring_at_quarter(const ThreadState& thread) {
  using wire::CollectorSleep;
  const auto sleep = static_cast<CollectorSleep>(g_region.header->collector_sleeps.load(std::memory_order_relaxed));
  const std::uint64_t fill = thread.reserved - thread.ring->tail.load(std::memory_order_relaxed);
  if (sleep == CollectorSleep::kSleeps || fill >= g_region.ring_records / 2) ring_doorbell();
}

void ring_doorbell() {
  wire::Header& header = *g_region.header;
  if (header.collector_sleeps.load(std::memory_order_seq_cst) == 0) return;
  header.doorbell.fetch_add(1, std::memory_order_seq_cst);
  sys::futex_wake_all(header.doorbell);
}

bool make_room(ThreadState& thread) {
  if (has_room(thread)) return true;
  wire::Header& header = *g_region.header;
  if (g_region.drop_when_full) {
    header.dropped_events.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  wire::RingHeader& ring = *thread.ring;
  const std::uint64_t begin_ns = sys::monotonic_ns();
  bool alive = true;
  while (alive && !has_room(thread)) {
    const std::uint32_t drained = ring.drained.load(std::memory_order_acquire);
    ring.producer_waits.store(1, std::memory_order_seq_cst);
    // Again after the flag: the collector looks at the flag after it has moved the tail.
    if (has_room(thread)) break;
    ring_doorbell();
    sys::futex_wait(ring.drained, drained, kLookAgainNs);
    // A signal handler may have forked meanwhile: then the ring is our parent's.
    if (!is_of_this_process(thread)) return false;
    alive = collector_alive();
  }
  ring.producer_waits.store(0, std::memory_order_relaxed);
  header.ring_waits.fetch_add(1, std::memory_order_relaxed);
  header.ring_wait_ns.fetch_add(sys::monotonic_ns() - begin_ns, std::memory_order_relaxed);
  if (!alive) stop_recording();
  return alive;
}

bool write_mark(ThreadState& thread, wire::Mark mark, std::uint64_t address, std::uint64_t size) {
  volatile std::uint64_t cookie;
  if (!begin_event(thread, cookie)) return false;
  end_event(thread, cookie, wire::Operation::kMark, static_cast<wire::Hook>(mark), address, size, wire::kRootComplete);
  return true;
}

void abandon_event(ThreadState& thread) {
  if (is_of_this_process(thread)) {
    g_region.header->nested_dropped.fetch_add(1, std::memory_order_relaxed);
    thread.reserved = thread.ring->head.load(std::memory_order_relaxed);
  }
  thread.guard = nullptr;
}

}  // namespace memprof::preload
