#include "collect/process_recorder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "collect/code_so_far.hpp"
#include "collect/collector_lock.hpp"
#include "collect/engine.hpp"
#include "collect/futex.hpp"
#include "collect/hook_names.hpp"
#include "collect/memory_watch.hpp"
#include "collect/module_watch.hpp"
#include "collect/origin_teller.hpp"
#include "collect/shared_region.hpp"
#include "collect/target_files.hpp"
#include "collect/tick_clock.hpp"

namespace memprof::collect {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// How long the collector sleeps when no producer rings. In between, the interval of the timeline is the longest, so
/// that its points have a resident set of their own time.
constexpr nanoseconds kShortestSleep = milliseconds(4);
constexpr nanoseconds kFirstSleep = std::chrono::microseconds(500);  // what the start loads is prepared for soon
constexpr nanoseconds kUsualSleep = milliseconds(50);
constexpr nanoseconds kLongestSleep = milliseconds(200);
/// Rounds with fewer events than this make the next sleep longer.
constexpr std::uint64_t kBusyRound = 1024;

constexpr double kTimelineInterval_ns = 1e6;
constexpr double kLongestSilence_ns = 1e9;

/// A target with less memory than this ends without being asked to wait.
constexpr std::uint64_t kWorthAFarewell = std::uint64_t{16} << 20;
/// Each is a file; a program that writes over its shared memory must not fill the disk.
constexpr std::uint64_t kMostProgramsSnapshots = 1'000;

unsigned usual_threads() { return std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u); }

double thread_cpu_s() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

RegionOptions region_options(const RecorderOptions& options, const TickClock& clock) {
  return {options.capacity, clock.source(), clock.base(), options.max_depth, options.full_ring};
}

EngineOptions engine_options(const RecorderOptions& options, const TickClock& clock) {
  return {clock.ns_per_tick(),
          static_cast<std::uint64_t>(kTimelineInterval_ns / clock.ns_per_tick()),
          options.resolve_threads != 0 ? options.resolve_threads : usual_threads(),
          options.tree,
          options.member,
          clock.base()};
}

}  // namespace

struct ProcessRecorder::State {
  State(const RecorderOptions& recorder_options, const TickClock& tick_clock, SharedRegion shared_region)
      : options(recorder_options), clock(tick_clock), shared(std::make_shared<SharedRegion>(std::move(shared_region))) {
    engine.accounts().on_request([this](const Event& event) { serve(event); });
    if (options.keep_peak) engine.accounts().keep_state_at_peak();
    modules.on_load([this](std::uint32_t index, const CapturedModule& module) { expect_dwarf(shared, index, module); });
  }
  ~State() { stop(); }

  /// The drain thread; returns once the collector lock is held.
  void launch();
  void stop();
  void request(SnapshotOrder order);
  CapturedProcess take();

  RecorderOptions options;
  TickClock clock;
  std::shared_ptr<SharedRegion> shared;
  const SharedRegion& region = *shared;
  TargetFiles files;
  Engine engine{region, [this] { return clock.now(); }, engine_options(options, clock)};
  ModuleWatch modules{region, files, engine.damage()};
  MemoryWatch watch{files};

  std::mutex mutex;
  std::condition_variable changed;  ///< locked, started or stopping, with mutex
  bool locked = false;              ///< the drain thread holds the collector lock
  bool started = false;
  std::atomic<bool> stopping{false};
  std::thread drain_thread;
  std::uint64_t seen_alive = 0;  ///< ticks; belongs to the drain thread

  SnapshotTaker taker;
  std::vector<SnapshotOrder> orders;     ///< with mutex
  std::atomic<bool> orders_wait{false};  ///< there are some
  std::atomic<std::uint64_t> snapshots{0};
  std::uint64_t programs_snapshots = 0;  ///< asked for by the program; drain thread only
  OriginTeller origins{shared};
  double cpu_s = 0;                    ///< of the drain thread
  bool farewell_heard = false;         ///< drain thread only
  std::optional<FrozenProcess> ended;  ///< used up by take(); what is left of it goes when all goes
  std::jthread sites_thread;           ///< reads `ended`

 private:
  void run();
  bool wait_for_start();
  std::uint64_t drain();
  void sleep(nanoseconds longest, std::uint32_t rung);
  void look_at_memory(std::uint64_t rss);
  /// The target is about to end and waits for a last look at its memory; once, whatever the region says.
  bool waits_for_farewell() const;
  std::vector<SnapshotOrder> take_orders();
  void serve(const Event& request);
  void serve(SnapshotOrder order, std::uint64_t ticks);
  void tell_origin(const Event& question);
  FrozenProcess freeze(std::uint64_t ticks, HeapAccounts accounts, std::vector<CapturedModule> files_of_modules) const;
  void wake();
  nanoseconds timeline_interval() const;
};

void ProcessRecorder::State::launch() {
  drain_thread = std::thread([this] { run(); });
  std::unique_lock guard(mutex);
  changed.wait(guard, [&] { return locked; });
}

void ProcessRecorder::State::run() {
  const CollectorLock lock(region.header().collector_lock_word);
  if (!wait_for_start()) return;
  nanoseconds pause = kFirstSleep / 2;
  while (!stopping) {
    // Who rings from here on is not missed, even if the look at his ring was just over.
    const std::uint32_t rung = region.header().doorbell.load(std::memory_order_acquire);
    std::vector<SnapshotOrder> due = take_orders();  // before the rings are read, so that all is in that came before
    const std::uint64_t count = drain();
    for (SnapshotOrder& order : due) serve(std::move(order), clock.now());
    const nanoseconds longest = std::clamp(timeline_interval(), kUsualSleep, kLongestSleep);
    pause = count < kBusyRound ? std::min(pause * 2, longest) : kShortestSleep;
    sleep(pause, rung);
  }
  // Whoever stopped us knows that the target is gone. If it is not, it must not keep us here.
  drain();
}

std::vector<SnapshotOrder> ProcessRecorder::State::take_orders() {
  if (!orders_wait.exchange(false)) return {};
  const std::lock_guard guard(mutex);
  return std::exchange(orders, {});
}

void ProcessRecorder::State::request(SnapshotOrder order) {
  {
    const std::lock_guard guard(mutex);
    orders.push_back(std::move(order));
  }
  orders_wait = true;
  wake();
}

void ProcessRecorder::State::serve(SnapshotOrder order, std::uint64_t ticks) {
  const std::uint64_t number = snapshots.fetch_add(1, std::memory_order_relaxed) + 1;
  if (order.name.empty()) order.name = "snapshot-" + std::to_string(number);
  HeapAccounts& accounts = engine.accounts();
  accounts.note_snapshot(ticks, order.name);
  modules.look();  // a stack may lead through a file that was loaded since the last look
  if (taker) taker(freeze(ticks, accounts, copy_of(modules.modules())), std::move(order));
}

/// In the middle of a batch: the accounts are as they were at that time.
void ProcessRecorder::State::serve(const Event& request) {
  switch (request.mark()) {
    case wire::Mark::kSnapshot: {
      if (++programs_snapshots > kMostProgramsSnapshots) return;
      SnapshotOrder order;
      order.kind = SnapshotKind::kProgram;
      order.name = engine.texts()[request.address];
      if (!snapshot_name_problem(order.name).empty()) order.name.clear();
      return serve(std::move(order), request.ticks);
    }
    case wire::Mark::kTraced:
      return answer_question(region, request.site, static_cast<std::uint32_t>(request.size),
                             engine.accounts().totals().live_bytes, engine.accounts().traced_peak_bytes());
    case wire::Mark::kWhere:
      return tell_origin(request);
    default:
      return;
  }
}

/// The live set is as it will be at the end of the batch. A block that somebody asks about lives until he is answered.
void ProcessRecorder::State::tell_origin(const Event& question) {
  const auto number = static_cast<std::uint32_t>(question.size);
  const auto found = engine.live_set().containing(question.address);
  if (!found || found->block.site == kUnrecordedSite) return answer_question(region, question.site, number, 0, 0);
  modules.look();
  const wire::Hook hook = engine.accounts().sites().histories[found->block.site].hook;
  origins.ask({.ring = question.site,
               .number = number,
               .offset = question.address - found->address,
               .size = found->block.size,
               .hook = hook_names()[static_cast<std::size_t>(hook)],
               .stack = engine.stacks()[found->block.site],
               .modules = copy_of(modules.modules())});
}

FrozenProcess ProcessRecorder::State::freeze(std::uint64_t ticks, HeapAccounts accounts,
                                             std::vector<CapturedModule> files_of_modules) const {
  return {.region = shared,
          .clock = clock,
          .ticks = ticks,
          .accounts = std::move(accounts),
          .stacks = engine.stacks(),
          .threads = engine.threads(),
          .mapped = engine.mapped(),
          .texts = engine.texts(),
          .memory = watch.moments(),
          .unseen_memory = {},
          .modules = std::move(files_of_modules),
          .quality = {engine.damage(), engine.out_of_memory()},
          .max_depth = options.max_depth,
          .forked = options.forked,
          .collector_cpu_s = cpu_s,
          .ring_bytes = engine.touched_ring_bytes()};
}

bool ProcessRecorder::State::wait_for_start() {
  std::unique_lock guard(mutex);
  locked = true;
  changed.notify_all();
  changed.wait(guard, [&] { return started || stopping; });
  return started;
}

std::uint64_t ProcessRecorder::State::drain() {
  modules.look();
  const std::uint64_t now = clock.now();
  const std::uint64_t rss = files.rss_bytes();
  engine.accounts().timeline().set_rss(rss);
  ThreadTable& threads = engine.threads();
  const std::size_t known = threads.size();
  const std::uint64_t count = engine.drain();
  for (std::size_t i = known; i < threads.size(); ++i) threads.set_name(i, files.thread_name(threads.tid(i)));
  // A process without memory has ended, or /proc hides it; nobody shall wait for its steps for long.
  if (rss != 0) seen_alive = now;
  const double silent_ns = static_cast<double>(now - seen_alive) * clock.ns_per_tick();
  if (options.tree != nullptr && (rss != 0 || silent_ns > kLongestSilence_ns)) {
    options.tree->pass(options.member, clock.base() + now);
  }
  look_at_memory(rss);
  cpu_s = thread_cpu_s();
  return count;
}

void ProcessRecorder::State::look_at_memory(std::uint64_t rss) {
  wire::Header& header = region.header();
  const bool farewell = waits_for_farewell();
  if (farewell || watch.due(rss)) {
    MemoryContext context{clock.seconds(clock.now()), engine.live_bytes(), engine.mapped().totals().live_bytes, 0, 0};
    if (farewell) {
      context.allocator_held = header.allocator_held.load(std::memory_order_relaxed);
      context.allocator_free = std::min(header.allocator_free.load(std::memory_order_relaxed), context.allocator_held);
    }
    watch.look(context, engine.mapped().ranges(), engine.threads().stack_pointers());
  }
  if (farewell) {
    farewell_heard = true;
    header.farewell.store(static_cast<std::uint32_t>(wire::Farewell::kHeard), std::memory_order_release);
    futex_wake_all(header.farewell);
  } else if (rss >= kWorthAFarewell) {
    auto not_asked = static_cast<std::uint32_t>(wire::Farewell::kNotAsked);
    header.farewell.compare_exchange_strong(not_asked, static_cast<std::uint32_t>(wire::Farewell::kAsked));
  }
}

bool ProcessRecorder::State::waits_for_farewell() const {
  return !farewell_heard &&
         region.header().farewell.load(std::memory_order_seq_cst) == static_cast<std::uint32_t>(wire::Farewell::kSaid);
}

nanoseconds ProcessRecorder::State::timeline_interval() const {
  const auto ticks = static_cast<double>(engine.accounts().timeline().interval());
  return nanoseconds(static_cast<std::int64_t>(ticks * clock.ns_per_tick()));
}

/// Returns at once if somebody has rung since the doorbell was at `rung`.
void ProcessRecorder::State::sleep(nanoseconds longest, std::uint32_t rung) {
  using wire::CollectorSleep;
  wire::Header& header = region.header();
  // Where events come fast we see to it ourselves that we are awake in time, so that no producer has to wake us.
  const double due_ns = static_cast<double>(engine.ticks_until_due()) * clock.ns_per_tick();
  const bool dozes = due_ns < static_cast<double>(longest.count());
  const CollectorSleep kind = dozes ? CollectorSleep::kDozes : CollectorSleep::kSleeps;
  if (dozes) longest = nanoseconds(static_cast<std::int64_t>(due_ns));
  // The store and the looks that follow are sequentially consistent, as are a producer's flag that it waits and its
  // look at collector_sleeps: either it sees that we sleep, or we see that it waits.
  header.collector_sleeps.store(static_cast<std::uint32_t>(kind), std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (longest.count() != 0 && !stopping && !orders_wait && !waits_for_farewell() && !engine.urgent())
    futex_wait(header.doorbell, rung, longest);
  header.collector_sleeps.store(static_cast<std::uint32_t>(CollectorSleep::kAwake), std::memory_order_relaxed);
}

void ProcessRecorder::State::stop() {
  if (!drain_thread.joinable()) return;
  {
    const std::lock_guard guard(mutex);
    stopping = true;
  }
  changed.notify_all();
  wake();
  drain_thread.join();
  // A target that runs on in spite of all finds the collector lock given up, and stops waiting for us.
  engine.wake_producers();
}

void ProcessRecorder::State::wake() {
  region.header().doorbell.fetch_add(1);
  futex_wake_all(region.header().doorbell);
}

CapturedProcess ProcessRecorder::State::take() {
  modules.look();
  if (options.keep_peak && taker && engine.accounts().totals().peak_bytes != 0) {
    SnapshotOrder order;
    order.kind = SnapshotKind::kPeak;
    order.name = "peak";
    FrozenProcess peak =
        freeze(engine.accounts().peak_ticks(), engine.accounts().at_peak(), copy_of(modules.modules()));
    peak.mapped = MappedAccounts(clock.ns_per_tick());  // known for the end only
    taker(std::move(peak), std::move(order));
  }
  ended = freeze(clock.now(), std::move(engine.accounts()), modules.take());
  ended->unseen_memory = watch.unseen_memory(engine.peak_bytes());
  CapturedProcess captured = ended->thaw_but_for_sites();
  sites_thread = ended->bring_sites(captured);
  captured.unheard_programs = region.header().unheard_programs.load();
  if (programs_snapshots > kMostProgramsSnapshots) {
    captured.capture.degraded_reasons.push_back("Of " + std::to_string(programs_snapshots) +
                                                " snapshots that the program asked for only the first " +
                                                std::to_string(kMostProgramsSnapshots) + " were taken.");
  }
  return captured;
}

ProcessRecorder::ProcessRecorder(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProcessRecorder::~ProcessRecorder() = default;

Result<std::unique_ptr<ProcessRecorder>> ProcessRecorder::create(const RecorderOptions& options) {
  const TickClock clock(TickClock::best_source());
  Result<SharedRegion> region = SharedRegion::create(region_options(options, clock));
  if (!region) return tl::unexpected(std::move(region).error());
  auto state = std::make_unique<State>(options, clock, std::move(*region));
  try {
    state->launch();
  } catch (const std::system_error& error) {
    return failure(std::string("cannot start a thread: ") + error.what(), "check the limit of processes: `ulimit -u`",
                   ExitCode::kCannotRun);
  }
  return std::unique_ptr<ProcessRecorder>(new ProcessRecorder(std::move(state)));
}

int ProcessRecorder::descriptor() const { return state_->region.descriptor(); }
void ProcessRecorder::release_descriptor() { state_->shared->release_descriptor(); }
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
  return {state_->engine.live_bytes(), state_->engine.peak_bytes(), state_->engine.events(), state_->snapshots};
}

void ProcessRecorder::on_snapshot(SnapshotTaker taker) { state_->taker = std::move(taker); }

void ProcessRecorder::request_snapshot(SnapshotOrder order) { state_->request(std::move(order)); }

CapturedProcess ProcessRecorder::finish() {
  state_->stop();
  return state_->take();
}

}  // namespace memprof::collect
