// The unwinder of our own: rows, memo, and DWARF's call frame information in full where a row does not do.

#include "preload/memo.hpp"
#include "preload/module_list.hpp"
#include "preload/stack_tree.hpp"
#include "preload/unwind_check.hpp"
#include "preload/unwind_object.hpp"
#include "preload/unwind_state.hpp"
#include "preload/unwind_walk.hpp"
#include "preload/unwinder.hpp"

namespace memprof::preload {
namespace {

constexpr std::uint64_t frame_word(std::uintptr_t address, std::uint64_t module) {
  return (address & wire::StackNode::kAddressMask) | module << 48;
}

/// A stack with more than max_depth frames keeps its innermost ones under kRootCutDepth: just max_depth of them if that
/// isn't more than this, else at least this many. How many more depends on the stacks before, so that a recursion
/// without end costs the long walk that finds a stack too deep only once in hundreds of levels.
constexpr std::uint32_t kFewestKept = 512;
constexpr std::uint32_t kFirstKept = 2 * kFewestKept;
constexpr std::uint32_t kMostKept = 4 * kFewestKept;

constexpr std::uint32_t smaller(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }

/// What is the same for a whole capture.
struct Capture {
  Walk& walk;
  StackTree& stacks;
  ThreadUnwindState* state;
  Memo* memo;  ///< both null in a nested hook
  std::uint32_t max_depth;
};

/// How far a walk came: `fresh` frames, and then the frames of the memo from `matched` outwards, or the end.
struct Chain {
  enum class End : std::uint8_t { kMatched, kOutermost, kCut, kTooDeep, kNeedsRegister };
  End end;
  std::uint32_t fresh;
  std::uint32_t matched;
  Check last;  ///< kOutermost: see FastCursor::advance()
};

/// Code outside of all files that can't even be read is none: no return address stood there.
bool is_no_code(UnwindRow row, std::uintptr_t address) {
  return row.kind() == UnwindRow::Kind::kNoRules && row.module() == wire::kNoModule && !is_readable(address);
}

Chain::End end_of(Step step) {
  if (step == Step::kOutermost) return Chain::End::kOutermost;
  return step == Step::kNeedsRegister ? Chain::End::kNeedsRegister : Chain::End::kCut;
}

template <typename Cursor>
[[gnu::always_inline]] inline FreshFrame fresh_frame(Walk& walk, const Cursor& cursor, UnwindRow row) {
  return {cursor.sp(), cursor.address, cursor.rbp(), Cursor::is_logged(row) ? row.logged(walk.log().count()) : row};
}

template <typename Cursor>
[[gnu::always_inline]] inline Chain walk_to_memo(Walk& walk, Cursor& cursor, const Memo& memo, FreshFrame* fresh,
                                                 std::uint32_t limit) {
  std::uint32_t candidate = memo.count();
  Check last{0, 0};
  for (std::uint32_t count = 0;; ++count) {
    while (memo.frame(candidate).sp < cursor.sp()) --candidate;  // the root's is the highest address
    if (memo.matches(candidate, cursor.sp(), cursor.address, cursor.rbp())) {
      const std::uint32_t changed = memo.verify(candidate);
      if (__builtin_expect(changed == 0, 1)) return {Chain::End::kMatched, count, candidate, last};
      candidate = changed - 1;
    }
    if (__builtin_expect(count == limit, 0)) return {Chain::End::kTooDeep, count, 0, last};
    const UnwindRow row = walk.row_of(cursor.address);
    fresh[count] = fresh_frame(walk, cursor, row);
    const Step step = cursor.advance(walk, row, last);
    if (__builtin_expect(step != Step::kFrame, 0)) return {end_of(step), count + 1, 0, last};
  }
}

/// Puts a frame that was stepped over by full rules into the memo, with all that its way outwards depends on.
[[gnu::noinline]] void remember_logged(Memo& memo, const ThreadUnwindState& state, const FreshFrame& fresh,
                                       wire::StackId stack, std::uint32_t log_end) {
  const RegisterMask needed_outside = memo.innermost().needs;
  RegisterMask used = 0;
  RegisterMask restored = 0;
  bool complete = false;
  bool all_on_stack = !state.log.overflown();
  memo.begin();
  // The words that lead to the CFA were read first and have to be verified first, so they are added last.
  for (std::uint32_t i = log_end; i-- > fresh.row.log_begin();) {
    const LoggedRead& read = state.log[i];
    if (read.target == LoggedRead::kUsedMask) {
      used = static_cast<RegisterMask>(read.value);
      complete = true;
      continue;
    }
    const bool for_register = read.target < kRip;
    const RegisterMask target = for_register ? mask_of(static_cast<unsigned>(read.target)) : 0;
    restored |= target;
    if (for_register && (needed_outside & target) == 0) continue;
    all_on_stack = all_on_stack && state.covers(read.slot) && memo.added_checks() < Memo::kMostChecks;
    if (all_on_stack) memo.add_check({read.slot, read.value});
  }
  RegisterMask needs = used | (needed_outside & ~restored);
  if (!complete || !all_on_stack) {  // what lies elsewhere may be gone when it would have to be verified
    memo.begin();
    needs = Memo::kUnmatchable;
  }
  memo.end(fresh.sp, fresh.address, fresh.rbp, stack, needs);
}

[[gnu::always_inline]] inline void remember_plain(Memo& memo, const FreshFrame& fresh, wire::StackId stack) {
  const MemoFrame& caller = memo.innermost();
  RegisterMask needs = caller.needs;
  memo.begin();
  memo.add_check({caller.sp - 8, caller.address});
  if (fresh.row.saves_rbp()) {
    if (__builtin_expect((needs & mask_of(kRbp)) != 0, 0))
      memo.add_check({caller.sp - fresh.row.rbp_depth(), caller.rbp});
    needs &= ~mask_of(kRbp);
  }
  if (fresh.row.cfa_from_rbp()) needs |= mask_of(kRbp);
  memo.end(fresh.sp, fresh.address, fresh.rbp, stack, needs);
}

/// The first of all frames: its caller isn't known, or there is none.
void remember_outermost(Memo& memo, const FreshFrame& fresh, wire::StackId stack, Check last) {
  memo.begin();
  if (last.slot != 0) memo.add_check(last);
  memo.end(fresh.sp, fresh.address, fresh.rbp, stack, fresh.row.cfa_from_rbp() ? mask_of(kRbp) : 0);
}

/// Interns the fresh frames from the outside in, and remembers them as far as there is room.
[[gnu::always_inline]] inline wire::StackId remember(const Capture& capture, const Chain& chain) {
  ThreadUnwindState& state = *capture.state;
  Memo& memo = *capture.memo;
  memo.truncate(chain.matched);
  wire::StackId stack = memo.innermost().stack;
  std::uint32_t log_end = state.log.count();
  for (std::uint32_t i = chain.fresh; i-- > 0;) {
    const FreshFrame& fresh = state.fresh[i];
    stack = capture.stacks.intern(stack, frame_word(fresh.address, fresh.row.module()));
    if (__builtin_expect(memo.full(), 0)) continue;
    if (__builtin_expect(memo.count() != 0 && fresh.row.kind() == UnwindRow::Kind::kPlain, 1)) {
      remember_plain(memo, fresh, stack);
    } else if (fresh.row.kind() == UnwindRow::Kind::kFullRules) {
      remember_logged(memo, state, fresh, stack, log_end);
      log_end = fresh.row.log_begin();
    } else {
      remember_outermost(memo, fresh, stack, chain.last);
    }
  }
  return stack;
}

/// A stack that is too deep: the innermost frames under kRootCutDepth. `chain` came from a walk that began at `start`.
template <typename Cursor>
[[gnu::noinline]] wire::StackId remember_cut(const Capture& capture, Chain chain, const Cursor& start) {
  ThreadUnwindState& state = *capture.state;
  const std::uint32_t frames = chain.fresh + chain.matched + (chain.end == Chain::End::kTooDeep ? 1 : 0);
  const bool has_memo = capture.max_depth > kFewestKept;
  const std::uint32_t kept = smaller(kFirstKept, capture.max_depth);
  Check last{0, 0};
  if (chain.fresh < kept) {
    state.log.clear();
    Cursor cursor = start;
    for (chain.fresh = 0; chain.fresh < kept;) {
      const UnwindRow row = capture.walk.row_of(cursor.address);
      state.fresh[chain.fresh++] = fresh_frame(capture.walk, cursor, row);
      if (cursor.advance(capture.walk, row, last) != Step::kFrame) break;
    }
  }
  chain = {Chain::End::kTooDeep, chain.fresh < kept ? chain.fresh : kept, 0, {0, 0}};
  if (has_memo) {
    capture.memo->restart(wire::kRootCutDepth, frames - kept);
    return remember(capture, chain);
  }
  wire::StackId stack = wire::kRootCutDepth;
  for (std::uint32_t i = chain.fresh; i-- > 0;) {
    const FreshFrame& fresh = state.fresh[i];
    stack = capture.stacks.intern(stack, frame_word(fresh.address, fresh.row.module()));
  }
  return stack;
}

/// Most frames of a stack in a nested hook: there the cost rises with the square of their number.
constexpr std::uint32_t kUnrememberedDepth = 1024;

/// Without any memory: finds the number of frames, then walks again and again to intern them from the outside in, some
/// at a time. `needs_register`: the cursor had to give up.
template <typename Cursor>
[[gnu::noinline]] wire::StackId capture_unremembered(const Capture& capture, const Cursor& start,
                                                     bool& needs_register) {
  constexpr std::uint32_t kAtATime = 16;
  Walk& walk = capture.walk;
  Check last{0, 0};
  Cursor cursor = start;
  std::uint32_t count = 0;
  wire::StackId stack = wire::kRootCutDepth;
  while (count < capture.max_depth) {
    ++count;
    const UnwindRow row = walk.row_of(cursor.address);
    const Step step = cursor.advance(walk, row, last);
    if (step == Step::kFrame) continue;
    if (step == Step::kCut && count > 1 && is_no_code(row, cursor.address)) --count;
    needs_register = step == Step::kNeedsRegister;
    if (needs_register) return wire::kRootCutUnwind;
    stack = step == Step::kOutermost ? wire::kRootComplete : wire::kRootCutUnwind;
    break;
  }
  for (std::uint32_t end = count; end > 0;) {
    const std::uint32_t begin = end > kAtATime ? end - kAtATime : 0;
    std::uint64_t words[kAtATime];
    cursor = start;
    for (std::uint32_t i = 0; i < end; ++i) {
      const UnwindRow row = walk.row_of(cursor.address);
      if (i >= begin) words[i - begin] = frame_word(cursor.address, row.module());
      cursor.advance(walk, row, last);
    }
    for (std::uint32_t i = end; i > begin; --i) stack = capture.stacks.intern(stack, words[i - 1 - begin]);
    end = begin;
  }
  return stack;
}

/// All registers as they are in the frame of the (inlining) caller, rip included.
[[gnu::always_inline]] inline void read_registers(RegisterFile& registers) {
  registers = RegisterFile{};
  asm volatile(
      "movq %%rbx, 24(%0)\n\t"
      "movq %%rbp, 48(%0)\n\t"
      "movq %%rsp, 56(%0)\n\t"
      "movq %%r12, 96(%0)\n\t"
      "movq %%r13, 104(%0)\n\t"
      "movq %%r14, 112(%0)\n\t"
      "movq %%r15, 120(%0)\n\t"
      "leaq 0(%%rip), %%rax\n\t"
      "movq %%rax, 128(%0)"
      :
      : "r"(registers.values)
      : "rax", "memory");
  registers.known = mask_of(kRbx) | mask_of(kRbp) | mask_of(kRsp) | mask_of(kRip);
  for (unsigned number = kR12; number <= kR15; ++number) registers.known |= mask_of(number);
}

[[gnu::noinline]] bool start_full(Walk& walk, const CallerRegisters& caller, FullCursor& cursor) {
  RegisterFile registers;
  read_registers(registers);
  return cursor.start(walk, registers, caller);
}

/// After a walk to the end of the stack.
[[gnu::noinline]] void restart_memo(ThreadUnwindState& state, Chain& chain) {
  StackLane& lane = *state.lane;
  lane.at_edge = false;
  if (chain.end == Chain::End::kOutermost) {
    lane.memo.restart(wire::kRootComplete);
    return;
  }
  const FreshFrame& outermost = state.fresh[chain.fresh - 1];
  lane.memo.restart(wire::kRootCutUnwind);
  lane.memo.set_cut_outside_files(outermost.row.kind() == UnwindRow::Kind::kNoRules && outermost.row.module() == 0);
  lane.at_edge = !is_readable(outermost.sp + StackRange::kPageBytes);
  if (chain.fresh > 1 && is_no_code(outermost.row, outermost.address)) --chain.fresh;
}

/// Whether the chain ends in a cut stack of which too few frames are known, or too many, or which isn't too deep after
/// all.
bool is_cut_badly(const Memo& memo, const Chain& chain, std::uint32_t max_depth) {
  const std::uint32_t frames = chain.fresh + chain.matched;
  return memo.root() == wire::kRootCutDepth && (frames < kFewestKept || frames > smaller(kMostKept, max_depth) ||
                                                memo.frames_outside() + frames <= max_depth);
}

template <typename Cursor>
[[gnu::always_inline]] inline bool capture_remembered(const Capture& capture, const Cursor& start,
                                                      wire::StackId& stack) {
  ThreadUnwindState& state = *capture.state;
  Memo& memo = *capture.memo;
  state.log.clear();
  Cursor cursor = start;
  // Further than needed, so that a stack which loses some frames is still known to be too deep.
  const std::uint32_t limit = capture.max_depth > kFewestKept ? capture.max_depth + kFewestKept : capture.max_depth;
  Chain chain = walk_to_memo(capture.walk, cursor, memo, state.fresh, limit);
  if (__builtin_expect(chain.end == Chain::End::kMatched && is_cut_badly(memo, chain, capture.max_depth), 0)) {
    memo.restart(wire::kRootComplete);
    state.log.clear();
    cursor = start;
    chain = walk_to_memo(capture.walk, cursor, memo, state.fresh, limit);
  }
  if (__builtin_expect(chain.end != Chain::End::kMatched, 0)) {
    if (chain.end == Chain::End::kNeedsRegister) return false;
    if (chain.end != Chain::End::kTooDeep) restart_memo(state, chain);
  }
  if (__builtin_expect(chain.end == Chain::End::kTooDeep || chain.fresh + chain.matched > capture.max_depth, 0)) {
    stack = remember_cut(capture, chain, start);
    return true;
  }
  stack = remember(capture, chain);
  if (memo.count() == chain.matched + chain.fresh) state.known.note_walk(memo);
  return true;
}

/// The long way, for stacks with frames whose rules ask for rbx or r12 to r15, as those of lazy binding do.
[[gnu::noinline]] wire::StackId capture_with_all_registers(const Capture& capture, const CallerRegisters& registers) {
  FullCursor cursor;
  wire::StackId stack = wire::kRootCutUnwind;
  if (start_full(capture.walk, registers, cursor)) capture_remembered(capture, cursor, stack);
  return stack;
}

/// A stack that isn't the last one's.
[[gnu::noinline]] wire::StackId capture_changed(ThreadUnwindState& state, const CallerRegisters& registers,
                                                std::uint32_t max_depth, StackTree& stacks, ModuleList& modules,
                                                wire::Header& header) {
  Memo& memo = state.lane->memo;
  Walk walk(&state, state.lane->range, modules, state.generation, state.log, header);
  const Capture capture{walk, stacks, &state, &memo, smaller(max_depth, state.fresh_capacity - kFewestKept)};
  const FastCursor cursor{registers.return_address, registers.stack_pointer, registers.frame_pointer};
  wire::StackId stack;
  if (__builtin_expect(!capture_remembered(capture, cursor, stack), 0)) {
    stack = capture_with_all_registers(capture, registers);
  }
  if (__builtin_expect(walk.used_full_rules(), 0)) {
    header.unwind_fallbacks.fetch_add(1, std::memory_order_relaxed);
  }
  return stack;
}

[[gnu::noinline]] wire::StackId capture_without_state(const CallerRegisters& registers, std::uint32_t max_depth,
                                                      StackTree& stacks, ModuleList& modules, wire::Header& header) {
  StackRange range;
  if (!range.restart(registers.stack_pointer - 8)) return wire::kRootCutUnwind;
  ReadLog log;
  Walk walk(nullptr, range, modules, modules.generation(), log, header);
  const Capture capture{walk, stacks, nullptr, nullptr, smaller(max_depth, kUnrememberedDepth)};
  const FastCursor fast{registers.return_address, registers.stack_pointer, registers.frame_pointer};
  bool needs_register = false;
  wire::StackId stack = capture_unremembered(capture, fast, needs_register);
  if (needs_register) {
    FullCursor full;
    stack =
        start_full(walk, registers, full) ? capture_unremembered(capture, full, needs_register) : wire::kRootCutUnwind;
  }
  if (walk.used_full_rules()) header.unwind_fallbacks.fetch_add(1, std::memory_order_relaxed);
  return stack;
}

}  // namespace

KnownStacks* known_stacks(ThreadUnwindState& state) { return &state.known; }

wire::StackId walk_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                         StackTree& stacks, ModuleList& modules, wire::Header& header) {
  if (max_depth > kDepthLimit) max_depth = kDepthLimit;
  if (__builtin_expect(max_depth == 0, 0)) return wire::kRootComplete;
  if (__builtin_expect(state == nullptr, 0)) {
    return checked(capture_without_state(registers, max_depth, stacks, modules, header), registers, header);
  }
  const std::uint32_t epoch = g_stacks_epoch.load(std::memory_order_acquire);
  const std::uint32_t generation = modules.generation();
  const std::uint32_t unmappings = g_unmappings.load(std::memory_order_relaxed);
  if (__builtin_expect(state->generation != generation || state->unmappings != unmappings, 0)) {
    state->renew(generation, unmappings);
  }
  if (__builtin_expect(!state->lane->range.covers(registers.stack_pointer - 8), 0) &&
      !state->change_lane(registers.stack_pointer - 8)) {
    return wire::kRootCutUnwind;
  }
  if (__builtin_expect(state->lane->memo.root() == wire::kRootCutUnwind, 0)) {
    state->lane->recheck_cut(registers.stack_pointer - 8);
  }
  const wire::StackId stack = capture_changed(*state, registers, max_depth, stacks, modules, header);
  state->known.open(epoch, state->lane->range);
  return checked(stack, registers, header);
}

wire::StackId capture_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                            StackTree& stacks, ModuleList& modules, wire::Header& header) {
  if (state != nullptr) {
    const auto& [address, sp, rbp] = registers;
    const KnownStack* known = state->known.find(sp, address, rbp);
    if (known == nullptr) known = state->known.find_other(sp, address, rbp);
    if (known != nullptr && known->frames <= max_depth) return checked(known->stack, registers, header);
  }
  return walk_stack(state, registers, max_depth, stacks, modules, header);
}

}  // namespace memprof::preload
