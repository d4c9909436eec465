#include "preload/unwind_state.hpp"

#include "preload/unwind_object.hpp"

namespace memprof::preload {
namespace {

/// A stack that grew downwards by less than this since its last event is still taken for the same one; so is one whose
/// pages are all there in between.
constexpr std::uintptr_t kSameStackBytes = std::uintptr_t{1} << 20;

struct Sizes {
  std::uint32_t own_frames;    ///< memo of the first lane
  std::uint32_t other_frames;  ///< memos of the other lanes
  std::uint32_t fresh;         ///< 512 more than a stack can have
  std::uint32_t logged;

  constexpr std::size_t bytes() const {
    return sizeof(ThreadUnwindState) + Memo::bytes(own_frames) + 3 * Memo::bytes(other_frames) +
           fresh * sizeof(FreshFrame) + logged * sizeof(LoggedRead);
  }
};
constexpr Sizes kUsual{kDepthLimit, 512, kDepthLimit + 512, 2048};
constexpr Sizes kSmall{512, 32, 1024, 200};
static_assert(ThreadUnwindState::kLanes == 4);
static_assert(kUsual.bytes() <= kThreadUnwindBytes);
static_assert(kSmall.bytes() <= kSmallThreadUnwindBytes);

}  // namespace

ThreadUnwindState* make_thread_unwind_state(void* zeroed_memory, std::size_t bytes) {
  const Sizes& sizes = bytes >= kUsual.bytes() ? kUsual : kSmall;
  auto* at = static_cast<std::uint8_t*>(zeroed_memory);
  auto take = [&at](std::size_t part) {
    void* const taken = at;
    at += part;
    return taken;
  };
  auto* const state = static_cast<ThreadUnwindState*>(take(sizeof(ThreadUnwindState)));
  for (StackLane& lane : state->lanes) {
    const std::uint32_t capacity = &lane == state->lanes ? sizes.own_frames : sizes.other_frames;
    lane.memo.use_memory(take(Memo::bytes(capacity)), capacity);
  }
  state->fresh = static_cast<FreshFrame*>(take(sizes.fresh * sizeof(FreshFrame)));
  state->fresh_capacity = sizes.fresh;
  state->log = ReadLog(static_cast<LoggedRead*>(take(sizes.logged * sizeof(LoggedRead))), sizes.logged);
  state->lane = state->lanes;
  return state;  // generation 0 is never the present one: the first capture sets up the rest
}

void reset(ThreadUnwindState& state) {
  state.generation = 0;
  state.lane = state.lanes;
  state.known.close();
}

void ThreadUnwindState::renew(std::uint32_t generation_now, std::uint32_t unmappings_now) {
  if (generation != generation_now && used) {
    rules.clear();
  }
  if (used) known.clear();
  used = true;
  generation = generation_now;
  unmappings = unmappings_now;
  for (StackLane& each : lanes) each.range = StackRange();  // and the memo with it: see lane_of()
  next_lane = 1;
}

void StackLane::recheck_cut(std::uintptr_t address) {
  if (at_edge) {
    range.restart(address);
    memo.restart(wire::kRootComplete);
    return;
  }
  // Code that belonged to no file then may have been replaced by a file's since.
  FoundObject object;
  if (memo.cut_outside_files() && memo.count() != 0 &&
      find_object(memo.frame(1).address - 1, object) != Object::kNone) {
    memo.restart(wire::kRootComplete);
  }
}

StackLane* ThreadUnwindState::lane_of(std::uintptr_t address) {
  if (lane->range.covers(address)) return lane;
  for (StackLane& each : lanes) {
    if (each.range.covers(address)) return &each;
  }
  for (StackLane& each : lanes) {
    if (each.range.empty()) continue;
    const bool near_below = address < each.range.low() && each.range.low() - address < kSameStackBytes;
    const bool near_above = address >= each.range.high() - 7 && address - each.range.high() + 7 < kSameStackBytes;
    if ((near_below || near_above) && each.range.extend(address)) return &each;
  }
  // The first lane, with its large memory, goes to the first stack, which is the thread's own for nearly all.
  StackLane* taken = lanes;
  if (!taken->range.empty()) {
    do {
      taken = &lanes[next_lane];
      next_lane = next_lane + 1 < kLanes ? next_lane + 1 : 1;
    } while (taken == lane);  // which a walk may be using
  }
  taken->memo.restart(wire::kRootComplete);
  taken->at_edge = false;
  return taken->range.restart(address) ? taken : nullptr;
}

bool ThreadUnwindState::change_lane(std::uintptr_t address) {
  StackLane* const now = lane_of(address);
  if (now == nullptr) return false;
  // A stack that was left may have been unmapped since, and a smaller one be in its place. (Its memo may stay: its
  // words are looked at only as far as they prove to be a chain of frames.)
  if (now != lane && !now->range.restart(address)) return false;
  lane = now;
  return true;
}

}  // namespace memprof::preload
