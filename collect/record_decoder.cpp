#include "collect/record_decoder.hpp"

namespace memprof::collect {

using wire::Operation;

RecordDecoder::RecordDecoder(const SharedRegion& region, StackSites& sites, ThreadTable& threads,
                             Relocations& relocations, MappedAccounts& mapped, RegionDamage& damage)
    : region_(region), sites_(sites), threads_(threads), relocations_(relocations), mapped_(mapped), damage_(damage) {
  sites_.make_room(node_limit_);
}

void RecordDecoder::add_rings(std::uint32_t last) {
  while (last >= rings_.size()) rings_.push_back({.ring = static_cast<std::uint32_t>(rings_.size()), .open = {}});
}

bool RecordDecoder::decode_rest(RingState& state, wire::Record record, std::uint64_t ticks, Event& event) {
  const Operation operation = record.operation();
  if (operation == Operation::kExtension) {
    extend(state, record.address);
    return false;
  }
  if (operation == Operation::kMark) return mark(state, record, ticks, event);

  const std::uint64_t upper_size = state.upper_size;
  state.upper_size = 0;
  state.extended = false;
  const bool unrecorded = record.hook_or_mark() == wire::kUnrecordedHook &&
                          (operation == Operation::kAlloc || operation == Operation::kReallocEnd);
  const auto stand_in = operation == Operation::kAlloc ? wire::Hook::kMalloc : wire::Hook::kRealloc;
  const std::uint8_t hook = unrecorded ? static_cast<std::uint8_t>(stand_in) : record.hook_or_mark();
  const bool needs_address = operation != Operation::kAllocFail && operation != Operation::kReallocEnd;
  if (hook >= wire::kHookCount || (needs_address && record.address == 0)) {
    ++damage_.records;
    return false;
  }
  if (wire::is_mapped_domain(static_cast<wire::Hook>(hook))) {
    const MappedEvent mapped{ticks,      record.address, record.low_size() | upper_size << 32, site_of(record.stack()),
                             state.ring, operation,      static_cast<wire::Hook>(hook)};
    // In drop mode the begin may be what was dropped.
    if (!mapped_.apply(mapped) && !region_.drops_when_full()) ++damage_.records;
    return false;
  }
  if (state.thread == kNoThread) {  // each owner should have begun with its mark
    ++damage_.records;
    state.thread = threads_.index_of(static_cast<std::uint32_t>(region_.ring(state.ring).owner.load()));
  }

  event = {};
  event.ticks = ticks;
  event.address = record.address;
  event.size = record.low_size() | upper_size << 32;
  event.thread = state.thread;
  event.operation = operation;
  event.hook = static_cast<wire::Hook>(hook);
  event.unrecorded = unrecorded;
  if (operation == Operation::kReallocBegin) {
    open_relocation(state, event);
  } else if (operation == Operation::kReallocEnd || operation == Operation::kReallocFail) {
    if (!close_relocation(state, event)) ++damage_.records;
  }
  event.site = site_of(record.stack());
  return true;
}

std::uint32_t RecordDecoder::site_of(wire::StackId stack) {
  if (stack >= node_limit_) {
    ++damage_.stacks;
    stack = wire::kRootLost;
  }
  return sites_.index_of(stack);
}

void RecordDecoder::extend(RingState& state, std::uint64_t upper) {
  if (upper == 0) return;  // harmless
  if (state.extended || upper >> 32 != 0) ++damage_.records;
  state.extended = true;
  state.upper_size = upper & wire::Record::kLowSizeMask;
}

bool RecordDecoder::mark(RingState& state, const wire::Record& record, std::uint64_t ticks, Event& event) {
  const std::uint64_t stack_pointer = record.low_size() | state.upper_size << 32;
  state.extended = false;
  state.upper_size = 0;
  const auto kind = static_cast<wire::Mark>(record.hook_or_mark());
  constexpr std::uint64_t kHighestTid = std::uint64_t{1} << 22;  // PID_MAX_LIMIT of 64-bit kernels
  // Each owner begins with a mark, so another one before it is damage.
  if (kind > wire::Mark::kWhere || (kind != wire::Mark::kThread && state.thread == kNoThread) ||
      (kind == wire::Mark::kThread && record.address > kHighestTid)) {
    ++damage_.records;
    return false;
  }
  event = {};
  event.ticks = ticks;
  event.operation = Operation::kMark;
  event.hook = static_cast<wire::Hook>(kind);
  event.thread = state.thread;
  event.site = state.ring;
  event.address = record.address;
  event.size = record.low_size();
  if (kind == wire::Mark::kThread) {
    const bool first = state.thread == kNoThread;
    state.thread = threads_.index_of(static_cast<std::uint32_t>(record.address));
    threads_.set_stack_pointer(state.thread, stack_pointer);
    mapped_.drop_begun(state.ring);
    // The former owner ended inside a realloc: its block was neither freed nor moved.
    for (const std::uint32_t id : state.open) relocations_.close(id);
    state.open.clear();
    if (first) return false;
  } else if (kind == wire::Mark::kScopeBegin || kind == wire::Mark::kScopeEnd || kind == wire::Mark::kSnapshot) {
    event.address = texts_.index_of({record.address});
  }
  return true;
}

void RecordDecoder::open_relocation(RingState& state, Event& event) {
  if (state.open.size() >= kMaxOpen) {
    relocations_.close(state.open.front());
    state.open.erase(state.open.begin());
  }
  event.relocation = relocations_.open(event.address);
  state.open.push_back(event.relocation);
}

bool RecordDecoder::close_relocation(RingState& state, Event& event) {
  // In drop mode the begin may be what was dropped.
  if (state.open.empty()) return region_.drops_when_full();
  event.relocation = state.open.back();
  state.open.pop_back();
  relocations_.close(event.relocation);
  if (event.operation == Operation::kReallocEnd) return true;
  const std::uint64_t begun = relocations_[event.relocation].address;
  const bool same = event.address == begun;
  event.address = begun;
  return same;
}

}  // namespace memprof::collect
