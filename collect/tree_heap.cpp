#include "collect/tree_heap.hpp"

#include <algorithm>

namespace memprof::collect {

void TreeHeap::join(Member member, std::uint64_t now) {
  const std::lock_guard guard(mutex_);
  if (members_.size() <= member) members_.resize(member + std::size_t{1});
  State& state = members_[member];
  state = State{};
  state.known = now;
  state.epoch = epoch_;
  state.phase = Phase::kHere;
  here_.push_back(member);
  ++present_;
  update_alone();
}

void TreeHeap::add(Member member, std::vector<Step>& steps) {
  if (steps.empty()) return;
  const std::lock_guard guard(mutex_);
  State& state = members_[member];
  std::uint64_t latest = std::max(state.known, merged_);
  for (Step& step : steps) latest = step.ticks = std::max(step.ticks, latest);
  state.known = latest;
  pending_ += steps.size();
  if (state.steps.empty()) {
    state.steps.swap(steps);
  } else {
    state.steps.insert(state.steps.end(), steps.begin(), steps.end());
    steps.clear();
  }
  enqueue(member);
  merge();
}

void TreeHeap::pass(Member member, std::uint64_t ticks) {
  const std::lock_guard guard(mutex_);
  State& state = members_[member];
  state.known = std::max(state.known, ticks);
  merge();
}

void TreeHeap::leave(Member member, std::uint64_t ticks) {
  const std::lock_guard guard(mutex_);
  State& state = members_[member];
  if (state.phase != Phase::kHere) return;
  state.phase = Phase::kLeaving;
  state.gone_at = std::max(ticks, state.known);
  std::erase(here_, member);
  enqueue(member);
  merge();
}

TreeHeap::Peak TreeHeap::finish() {
  const std::lock_guard guard(mutex_);
  merge_until(kNever);
  for (State& state : members_) settle(state);
  peak_.shares.clear();
  for (const State& state : members_) peak_.shares.push_back(state.share);
  return peak_;
}

std::uint64_t TreeHeap::next_time(const State& state) const {
  if (state.next < state.steps.size()) return state.steps[state.next].ticks;
  if (state.phase == Phase::kLeaving) return state.known;
  if (state.phase == Phase::kUnsure) return state.gone_at;
  return kNever;
}

void TreeHeap::enqueue(Member member) {
  State& state = members_[member];
  const std::uint64_t next = next_time(state);
  if (state.queued || next == kNever) return;
  state.queued = true;
  queue_.emplace(next, member);
}

void TreeHeap::merge() {
  std::uint64_t frontier = kNever;  // with nobody here, whoever joins next is younger than all that has left
  for (const Member member : here_) frontier = std::min(frontier, members_[member].known);
  merge_until(frontier);
  if (pending_ > kMostPending) {
    peak_.exact = false;
    merge_until(kNever);
  }
  update_alone();
}

void TreeHeap::merge_until(std::uint64_t frontier) {
  while (!queue_.empty() && queue_.top().first <= frontier) {
    const auto [ticks, member] = queue_.top();
    queue_.pop();
    State& state = members_[member];
    state.queued = false;
    merged_ = std::max(merged_, ticks);
    if (state.next < state.steps.size()) {
      take_steps(member, std::min(frontier, queue_.empty() ? kNever : queue_.top().first));
    } else {
      change_phase(member);
    }
    enqueue(member);
  }
  if (frontier != kNever) merged_ = std::max(merged_, frontier);
}

/// At least one, and then those that nobody else's step comes before.
void TreeHeap::take_steps(Member member, std::uint64_t until) {
  State& state = members_[member];
  settle(state);
  do {
    const Step& step = state.steps[state.next++];
    sum_ = sum_ - state.live + step.live_bytes;
    state.live = step.live_bytes;
    blocks_ = blocks_ - state.blocks + step.live_blocks;
    state.blocks = step.live_blocks;
    look_at_level(state, step.ticks);
  } while (state.next < state.steps.size() && state.steps[state.next].ticks <= until);
  merged_ = std::max(merged_, state.steps[state.next - 1].ticks);
  if (state.next < state.steps.size()) return;
  pending_ -= state.steps.size();
  state.steps.clear();
  state.next = 0;
}

void TreeHeap::change_phase(Member member) {
  State& state = members_[member];
  if (state.phase == Phase::kLeaving) {
    state.phase = Phase::kUnsure;
    unsure_ += state.live;
    return;
  }
  settle(state);
  state.phase = Phase::kGone;
  unsure_ -= state.live;
  sum_ -= state.live;
  blocks_ -= state.blocks;
  state.live = state.blocks = 0;
  state.steps = {};  // thousands of processes may come and go in a session
  --present_;
}

/// Before a member's live heap changes: what it holds is its share of the latest peak.
void TreeHeap::settle(State& state) const {
  if (state.epoch == epoch_) return;
  state.epoch = epoch_;
  state.share = state.live;
}

void TreeHeap::look_at_level(State& state, std::uint64_t ticks) {
  peak_.least_bytes = std::max(peak_.least_bytes, sum_ - unsure_);
  if (sum_ <= peak_.bytes) return;
  peak_.bytes = sum_;
  peak_.blocks = blocks_;
  peak_.ticks = ticks;
  state.epoch = ++epoch_;
  state.share = state.live;
}

void TreeHeap::update_alone() { alone_.store(present_ <= 1, std::memory_order_release); }

}  // namespace memprof::collect
