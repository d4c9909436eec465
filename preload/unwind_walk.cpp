#include "preload/unwind_walk.hpp"

#include "preload/module_list.hpp"

namespace memprof::preload {
namespace {

/// The word that ended a chain, from the log of the step that found it.
Check zero_return_address(const ReadLog& log, std::uint32_t begin) {
  for (std::uint32_t i = begin; i < log.count(); ++i) {
    if (log[i].target == kRip) return {log[i].slot, log[i].value};
  }
  return {0, 0};
}

/// For walks without a state: as much stack as rules take, so only here.
[[gnu::noinline]] UnwindRow find_row_on_stack(std::uintptr_t address, ModuleList& modules, std::uint32_t generation,
                                              bool& in_file) {
  RuleScratch scratch;
  FoundRules found;
  find_rules(address, modules, scratch, found);
  in_file = found.in_file;
  return found.known ? UnwindRow::from_rules(found.rules, found.module, generation)
                     : UnwindRow::other(UnwindRow::Kind::kNoRules, found.module, generation);
}

[[gnu::noinline]] Step step_on_stack(std::uintptr_t address, ModuleList& modules, RegisterFile& registers,
                                     bool& interrupted, const StackMemory& memory, ReadLog& log) {
  FoundRules found;
  {
    RuleScratch scratch;
    find_rules(address, modules, scratch, found);
  }
  if (!found.known) return Step::kCut;
  interrupted = found.rules.signal_frame;
  return step_by_rules(found.rules, registers, memory, log);
}

}  // namespace

UnwindRow Walk::make_row(std::uintptr_t address) {
  bool in_file = false;
  UnwindRow row;
  if (state_ == nullptr) {
    row = find_row_on_stack(address, modules_, generation_, in_file);
  } else {
    FoundRules& found = state_->found;
    find_rules(address, modules_, state_->scratch, found);
    in_file = found.in_file;
    row = found.known ? UnwindRow::from_rules(found.rules, found.module, generation_)
                      : UnwindRow::other(UnwindRow::Kind::kNoRules, found.module, generation_);
  }
  // What lies outside of all files may be inside of one tomorrow, without a new generation.
  if (in_file) {
    const std::size_t mapped = g_rows.insert(address, row, generation_);
    if (mapped != 0) header_.overhead_bytes.fetch_add(mapped, std::memory_order_relaxed);
  }
  return row;
}

bool Walk::enter(std::uintptr_t sp, std::uintptr_t cfa) {
  if (cfa <= sp && cfa > range_->low()) return false;
  if (cfa < 16) return false;
  if (cfa > range_->high() && range_->extend(cfa - 8)) return range_->covers(cfa - 16) || range_->extend(cfa - 16);
  return enter_page(cfa - 16) && range_->extend(cfa - 8);
}

/// Goes over to the stack that has the 8 bytes at `address`.
bool Walk::enter_page(std::uintptr_t address) {
  if (range_->covers(address)) return true;
  if (state_ == nullptr) return range_->restart(address);
  StackLane* const lane = state_->lane_of(address);
  if (lane == nullptr) return false;
  range_ = &lane->range;
  return true;
}

Step Walk::step(std::uintptr_t address, RegisterFile& registers, bool& interrupted) {
  used_full_rules_ = true;
  const StackMemory memory(*range_);
  const std::uintptr_t sp_before = registers.values[kRsp];
  Step step;
  if (state_ == nullptr) {
    step = step_on_stack(address, modules_, registers, interrupted, memory, log_);
  } else {
    const FrameRules* rules = state_->rules.find(address);
    if (rules == nullptr) {
      find_rules(address, modules_, state_->scratch, state_->found);
      if (!state_->found.known) return Step::kCut;
      rules = state_->rules.put(address, state_->found.rules);
    }
    interrupted = rules->signal_frame;
    step = step_by_rules(*rules, registers, memory, log_);
  }
  if (step != Step::kFrame) return step;
  const std::uintptr_t sp = registers.values[kRsp];
  if (sp > sp_before && sp <= range_->high()) return step;
  // Only a signal frame or code that switches stacks leads elsewhere than outwards on the same stack.
  const bool inwards = sp <= sp_before && sp > range_->low() && !interrupted;
  return !inwards && sp >= 8 && (enter_page(sp - 8) || enter_page(sp)) ? step : Step::kCut;
}

Step FastCursor::advance_otherwise(Walk& walk, UnwindRow row, Check& last) {
  last = {0, 0};
  if (row.kind() == UnwindRow::Kind::kOutermost) return Step::kOutermost;
  if (row.kind() == UnwindRow::Kind::kNoRules) return Step::kCut;
  RegisterFile registers{};
  registers.set(kRsp, sp_);
  registers.set(kRbp, rbp_);
  registers.set(kRip, address - (interrupted ? 1 : 0));
  const std::uint32_t log_begin = walk.log().count();
  const Step step = walk.step(address, registers, interrupted);
  if (step == Step::kOutermost) last = zero_return_address(walk.log(), log_begin);
  if (step != Step::kFrame) return step;
  sp_ = registers.values[kRsp];
  rbp_ = registers.values[kRbp];
  address = registers.values[kRip] + (interrupted ? 1 : 0);
  return Step::kFrame;
}

bool FullCursor::start(Walk& walk, const RegisterFile& registers, const CallerRegisters& caller) {
  constexpr unsigned kMostOwnFrames = 16;
  registers_ = registers;
  interrupted_ = true;  // rip is exact
  address = registers_.values[kRip] + 1;
  for (unsigned i = 0; i < kMostOwnFrames; ++i) {
    if (walk.step(address, registers_, interrupted_) != Step::kFrame) return false;
    address = registers_.values[kRip] + (interrupted_ ? 1 : 0);
    if (sp() == caller.stack_pointer) {
      walk.log().clear();
      return address == caller.return_address && rbp() == caller.frame_pointer;
    }
  }
  return false;
}

Step FullCursor::advance(Walk& walk, UnwindRow row, Check& last) {
  last = {0, 0};
  if (row.kind() == UnwindRow::Kind::kOutermost) return Step::kOutermost;
  if (row.kind() == UnwindRow::Kind::kNoRules) return Step::kCut;
  const std::uint32_t log_begin = walk.log().count();
  const Step step = walk.step(address, registers_, interrupted_);
  if (step == Step::kOutermost) last = zero_return_address(walk.log(), log_begin);
  if (step != Step::kFrame) return step;
  address = registers_.values[kRip] + (interrupted_ ? 1 : 0);
  return Step::kFrame;
}

}  // namespace memprof::preload
