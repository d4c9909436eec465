#include "collect/process_recorder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "collect/capture_quality.hpp"
#include "collect/collector_lock.hpp"
#include "collect/event_stream.hpp"
#include "collect/futex.hpp"
#include "collect/heap_accounts.hpp"
#include "collect/hook_names.hpp"
#include "collect/live_set.hpp"
#include "collect/module_watch.hpp"
#include "collect/record_decoder.hpp"
#include "collect/resolve_team.hpp"
#include "collect/shared_region.hpp"
#include "collect/stack_sites.hpp"
#include "collect/stack_tree.hpp"
#include "collect/target_files.hpp"
#include "collect/thread_table.hpp"
#include "collect/tick_clock.hpp"

namespace memprof::collect {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Events of one batch: fits the second-level cache. Shared among threads, a batch has to be worth waking them.
constexpr std::size_t kBatch = 2048;
constexpr std::size_t kSharedBatch = 16384;
/// A backlog from which on helpers join in.
constexpr std::uint64_t kBacklog = 32768;

/// How long the collector sleeps when no producer rings.
constexpr nanoseconds kShortestSleep = milliseconds(4);
constexpr nanoseconds kLongestSleep = milliseconds(200);
/// Rounds with fewer events than this make the next sleep longer.
constexpr std::uint64_t kBusyRound = 1024;

constexpr double kTimelineInterval_ns = 1e6;

unsigned usual_threads() { return std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u); }

RegionOptions region_options(const RecorderOptions& options, const TickClock& clock) {
  return {options.capacity, clock.source(), clock.base(), options.max_depth, options.full_ring};
}

}  // namespace

struct ProcessRecorder::State {
  State(const RecorderOptions& recorder_options, const TickClock& tick_clock, SharedRegion shared_region);
  ~State() { stop(); }

  void run();
  void stop();
  CapturedProcess take();

  RecorderOptions options;
  TickClock clock;
  SharedRegion region;
  TargetFiles files;

  RegionDamage damage;
  StackSites sites;
  ThreadTable threads;
  Relocations relocations;
  RecordDecoder decoder{region, sites, threads, relocations, damage};
  EventStream stream{region, decoder, damage};
  LiveSet live_set;
  ResolveTeam team;
  HeapAccounts accounts;
  ModuleWatch modules{region, files, damage};
  bool out_of_memory = false;
  std::uint64_t end_ticks = 0;

  std::atomic<std::uint64_t> live_bytes{0}, peak_bytes{0}, events{0};

  std::mutex mutex;
  std::condition_variable changed;  ///< locked and started, with mutex
  bool locked = false;              ///< the drain thread holds the collector lock
  bool started = false;
  std::atomic<bool> stopping{false};
  std::thread drain_thread;

 private:
  bool wait_for_start();
  std::uint64_t drain();
  void drain_round();
  void book(std::vector<Event>& batch, bool shared);
  void name_threads(std::size_t first);
  void sleep(nanoseconds longest);
  nanoseconds timeline_interval() const;
  std::uint64_t shared_bytes() const;
  void take_sites(const StackTree& tree, CapturedProcess& captured) const;
  void take_threads(CapturedProcess& captured) const;

  std::vector<Event> batch_;
};

ProcessRecorder::State::State(const RecorderOptions& recorder_options, const TickClock& tick_clock,
                              SharedRegion shared_region)
    : options(recorder_options),
      clock(tick_clock),
      region(std::move(shared_region)),
      sites(region.node_capacity()),
      team(live_set, relocations, options.resolve_threads != 0 ? options.resolve_threads : usual_threads()),
      accounts(clock.ns_per_tick(), static_cast<std::uint64_t>(kTimelineInterval_ns / clock.ns_per_tick())) {}

void ProcessRecorder::State::run() {
  const CollectorLock lock(region.header().collector_lock_word);
  if (wait_for_start()) {
    nanoseconds pause = kShortestSleep;
    while (!stopping) {
      const std::uint64_t count = drain();
      pause = count < kBusyRound ? std::min(pause * 2, kLongestSleep) : kShortestSleep;
      sleep(std::min(pause, std::max(timeline_interval(), kShortestSleep)));
    }
    // Whoever stopped us knows that the target is gone. If it is not, it must not keep us here.
    drain();
    end_ticks = clock.now();
  }
}

bool ProcessRecorder::State::wait_for_start() {
  std::unique_lock guard(mutex);
  locked = true;
  changed.notify_all();
  changed.wait(guard, [&] { return started || stopping; });
  return started;
}

std::uint64_t ProcessRecorder::State::drain() {
  const std::uint64_t before = accounts.events();
  if (out_of_memory) {
    stream.discard();
    return 0;
  }
  try {
    drain_round();
  } catch (const std::bad_alloc&) {
    out_of_memory = true;
    stream.discard();
  }
  return accounts.events() - before;
}

void ProcessRecorder::State::drain_round() {
  modules.look();
  accounts.timeline().set_rss(files.rss_bytes());
  const std::size_t known_threads = threads.size();
  const std::uint64_t begin = clock.now();
  if (stream.begin_round([&] { return clock.now(); }) == 0) {
    // Nothing is in the rings, so the figures have not changed until the round began.
    Timeline& timeline = accounts.timeline();
    const Totals& totals = accounts.totals();
    if (begin >= timeline.due()) timeline.cross(begin, totals.live_bytes, totals.allocations);
    return;
  }
  for (bool more = true; more;) {
    const bool shared = team.has_helpers() && stream.certain() >= kBacklog;
    batch_.clear();
    more = stream.fill(batch_, shared ? kSharedBatch : kBatch);
    book(batch_, shared);
  }
  name_threads(known_threads);
}

void ProcessRecorder::State::book(std::vector<Event>& batch, bool shared) {
  team.resolve(batch, shared);
  accounts.apply(batch, relocations, sites.stacks().size(), threads.size());
  relocations.recycle();
  live_bytes.store(accounts.totals().live_bytes, std::memory_order_relaxed);
  peak_bytes.store(accounts.totals().peak_bytes, std::memory_order_relaxed);
  events.store(accounts.events(), std::memory_order_relaxed);
}

void ProcessRecorder::State::name_threads(std::size_t first) {
  for (std::size_t i = first; i < threads.size(); ++i) threads.set_name(i, files.thread_name(threads.tid(i)));
}

nanoseconds ProcessRecorder::State::timeline_interval() const {
  return nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(accounts.timeline().interval()) * clock.ns_per_tick()));
}

void ProcessRecorder::State::sleep(nanoseconds longest) {
  wire::Header& header = region.header();
  const std::uint32_t rung = header.doorbell.load(std::memory_order_acquire);
  // The store and the looks that follow are sequentially consistent, as are the producer's publishing and its look at
  // collector_sleeps: either it sees that we sleep, or we see its records.
  header.collector_sleeps.store(1, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!stopping && !stream.urgent()) futex_wait(header.doorbell, rung, longest);
  header.collector_sleeps.store(0, std::memory_order_relaxed);
}

void ProcessRecorder::State::stop() {
  if (!drain_thread.joinable()) return;
  {
    const std::lock_guard guard(mutex);
    stopping = true;
  }
  changed.notify_all();
  region.header().doorbell.fetch_add(1);
  futex_wake_all(region.header().doorbell);
  drain_thread.join();
  // A target that runs on in spite of all finds the collector lock given up, and stops waiting for us.
  stream.wake_producers();
}

CapturedProcess ProcessRecorder::State::take() {
  accounts.finish(end_ticks);
  modules.look();
  CapturedProcess captured;
  captured.modules = modules.take();
  StackTree tree = read_stack_tree(region, sites.stacks(), captured.modules.size(), damage);

  captured.totals = accounts.totals();
  captured.totals.peak_time_s = clock.seconds(accounts.peak_ticks());
  captured.hook_names = hook_names();
  take_sites(tree, captured);
  take_threads(captured);
  captured.stacks = std::move(tree.nodes);
  for (const Timeline::Point& point : accounts.points()) {
    captured.timeline.push_back(
        {clock.seconds(point.ticks), point.live_bytes, point.highest_bytes, point.rss_bytes, point.allocations});
  }
  captured.capture.max_depth = options.max_depth;
  (options.forked ? captured.capture.inherited_frees : captured.capture.unknown_frees) = accounts.unknown_frees();
  captured.capture.missed_frees = accounts.missed_frees();
  captured.capture.overhead_bytes = region.header().overhead_bytes + shared_bytes();
  judge_capture(region, {damage, out_of_memory}, captured.capture);
  return captured;
}

/// The part of the region that was touched, by what is in use of it.
std::uint64_t ProcessRecorder::State::shared_bytes() const {
  std::uint64_t records = 0;
  for (std::uint32_t ring = 0; ring < stream.rings_used(); ++ring) {
    records += std::min<std::uint64_t>(stream.cursor(ring).records_ever(), region.ring_records());
  }
  const std::uint32_t nodes = std::min(region.header().nodes_used.load(), region.node_capacity());
  return sizeof(wire::Header) + stream.rings_used() * sizeof(wire::RingHeader) + records * sizeof(wire::Record) +
         nodes * sizeof(wire::StackNode);
}

void ProcessRecorder::State::take_sites(const StackTree& tree, CapturedProcess& captured) const {
  const auto& accounts_of = accounts.sites();
  for (std::size_t i = 0; i < accounts_of.size(); ++i) {
    const SiteAccount& account = accounts_of[i];
    if (account.events() == 0) continue;  // only frees of unknown blocks, or a realloc without its end
    const wire::StackId stack = sites.stacks()[i];
    const wire::StackId root = tree.roots[stack];
    if (root == wire::kRootLost) captured.capture.lost_stacks += account.events();
    if (root == wire::kRootCutDepth || root == wire::kRootCutUnwind) {
      captured.capture.truncated_stacks += account.events();
    }
    Site& site = captured.sites.emplace_back();
    site.stack = stack;
    site.hook = static_cast<StringIndex>(account.hook);
    site.allocations = account.allocations;
    site.allocated_bytes = account.allocated_bytes;
    site.live_blocks = account.share.live_blocks;
    site.live_bytes = account.share.live_bytes;
    site.peak_blocks = account.share.peak_blocks;
    site.peak_bytes = account.share.peak_bytes;
    site.temporary_allocations = account.temporary_allocations;
    site.failed_allocations = account.failed_allocations;
    site.min_size = account.sizes.min();
    site.max_size = account.sizes.max();
    site.size_divisor = account.sizes.divisor();
    site.frees = account.frees;
    site.freed_bytes = account.freed_bytes;
    site.highest_heap = account.highest_heap;
    site.size_histogram = account.sizes.histogram();
    site.lifetime_histogram = account.lifetimes.sparse();
  }
}

void ProcessRecorder::State::take_threads(CapturedProcess& captured) const {
  const auto& accounts_of = accounts.threads();
  for (std::size_t i = 0; i < accounts_of.size(); ++i) {
    const ThreadAccount& account = accounts_of[i];
    Thread& thread = captured.threads.emplace_back();
    thread.tid = static_cast<std::int32_t>(threads.tid(i));
    thread.name = static_cast<StringIndex>(i);
    captured.thread_names.push_back(threads.name(i));
    thread.allocations = account.allocations;
    thread.allocated_bytes = account.allocated_bytes;
    thread.frees = account.frees;
    thread.freed_bytes = account.freed_bytes;
    thread.live_blocks = account.share.live_blocks;
    thread.live_bytes = account.share.live_bytes;
    thread.peak_blocks = account.share.peak_blocks;
    thread.peak_bytes = account.share.peak_bytes;
    thread.temporary_allocations = account.temporary_allocations;
  }
}

ProcessRecorder::ProcessRecorder(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProcessRecorder::~ProcessRecorder() = default;

Result<std::unique_ptr<ProcessRecorder>> ProcessRecorder::create(const RecorderOptions& options) {
  const TickClock clock(TickClock::best_source());
  Result<SharedRegion> region = SharedRegion::create(region_options(options, clock));
  if (!region) return tl::unexpected(std::move(region).error());
  auto state = std::make_unique<State>(options, clock, std::move(*region));
  State& shared = *state;
  try {
    shared.drain_thread = std::thread([&shared] { shared.run(); });
  } catch (const std::system_error& error) {
    return failure(std::string("cannot start a thread: ") + error.what(), "check the limit of processes: `ulimit -u`",
                   ExitCode::kCannotRun);
  }
  std::unique_lock guard(shared.mutex);
  shared.changed.wait(guard, [&] { return shared.locked; });
  return std::unique_ptr<ProcessRecorder>(new ProcessRecorder(std::move(state)));
}

int ProcessRecorder::descriptor() const { return state_->region.descriptor(); }
void ProcessRecorder::release_descriptor() { state_->region.release_descriptor(); }
std::uint64_t ProcessRecorder::region_bytes() const { return state_->region.bytes(); }

void ProcessRecorder::start(pid_t pid) {
  {
    const std::lock_guard guard(state_->mutex);
    state_->files.open(pid);
    state_->started = true;
  }
  state_->changed.notify_all();
}

RecorderStatus ProcessRecorder::status() const {
  return {state_->live_bytes.load(std::memory_order_relaxed), state_->peak_bytes.load(std::memory_order_relaxed),
          state_->events.load(std::memory_order_relaxed)};
}

CapturedProcess ProcessRecorder::finish() {
  state_->stop();
  return state_->take();
}

}  // namespace memprof::collect
