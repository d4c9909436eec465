#include "collect/engine.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace memprof::collect {
namespace {

/// Events of one batch: fits the second-level cache. Shared among threads, a batch has to be worth waking them.
constexpr std::size_t kBatch = 2048;
constexpr std::size_t kSharedBatch = 16384;
/// A backlog from which on helpers join in.
constexpr std::uint64_t kBacklog = 32768;
/// A target that did this much damage to its region gets no more memory of ours for what else it may hold.
constexpr std::uint64_t kMostDamage = 100'000;

}  // namespace

Engine::Engine(const SharedRegion& region, std::function<std::uint64_t()> now, const EngineOptions& options)
    : options_(options),
      region_(region),
      now_(std::move(now)),
      sites_(region.node_capacity()),
      mapped_(options.ns_per_tick),
      decoder_(region, sites_, threads_, relocations_, mapped_, damage_),
      stream_(region, decoder_, damage_),
      team_(live_set_, relocations_, std::max(options.resolve_threads, 1u)),
      accounts_(options.ns_per_tick, options.timeline_interval) {}

std::uint64_t Engine::drain() {
  const std::uint64_t before = accounts_.events();
  try {
    if (!out_of_memory_ && !given_up_) drain_round();
  } catch (const std::bad_alloc&) {
    out_of_memory_ = true;
  }
  given_up_ = given_up_ || damage_.sum() > kMostDamage;
  if (out_of_memory_ || given_up_) stream_.discard();
  return accounts_.events() - before;
}

void Engine::drain_round() {
  const std::uint64_t begin = now_();
  if (stream_.begin_round(now_) == 0) {
    // Nothing is in the rings, so the figures have not changed until the round began.
    Timeline& timeline = accounts_.timeline();
    const Totals& totals = accounts_.totals();
    if (begin >= timeline.due()) timeline.cross(begin, totals.live_bytes, totals.allocations);
    return;
  }
  // Asked after the round's time was taken: whoever joins from here on has younger steps than all of this round.
  all_steps_ = options_.tree != nullptr && !options_.tree->alone();
  accounts_.set_steps(all_steps_ ? &steps_ : nullptr);
  while (!stream_.round_is_over()) {
    const bool shared = team_.has_helpers() && stream_.certain() >= kBacklog;
    const std::size_t size = shared ? kSharedBatch : kBatch;
    if (space_.size() < size) space_.resize(size);
    book(std::span(space_).first(stream_.fill(std::span(space_).first(size))), shared);
  }
}

void Engine::book(std::span<Event> batch, bool shared) {
  team_.resolve(batch, shared);
  accounts_.apply(batch, relocations_, sites_.stacks().size(), threads_.size());
  relocations_.recycle();
  if (options_.tree != nullptr && !batch.empty()) hand_over_steps(batch.back().ticks);
  live_bytes_.store(accounts_.totals().live_bytes, std::memory_order_relaxed);
  peak_bytes_.store(accounts_.totals().peak_bytes, std::memory_order_relaxed);
  events_.store(accounts_.events(), std::memory_order_relaxed);
}

void Engine::hand_over_steps(std::uint64_t last_ticks) {
  if (!all_steps_) {
    steps_.push_back(accounts_.highest_step());
    const Totals& totals = accounts_.totals();
    steps_.push_back({last_ticks, totals.live_bytes, totals.live_blocks});
  }
  for (TreeHeap::Step& step : steps_) step.ticks += options_.clock_base;
  options_.tree->add(options_.member, steps_);
}

std::uint64_t Engine::touched_ring_bytes() const {
  std::uint64_t records = 0;
  for (std::uint32_t ring = 0; ring < stream_.rings_used(); ++ring) {
    records += std::min<std::uint64_t>(stream_.cursor(ring).records_ever(), region_.ring_records());
  }
  return records * sizeof(wire::Record) + stream_.rings_used() * sizeof(wire::RingHeader);
}

}  // namespace memprof::collect
