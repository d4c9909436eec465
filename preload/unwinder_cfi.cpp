// The unwinder of our own: rows, memo, and DWARF's call frame information in full where a row does not do.

#include "preload/memo.hpp"
#include "preload/module_list.hpp"
#include "preload/stack_table.hpp"
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

/// What is the same for a whole capture.
struct Capture {
  Walk& walk;
  StackTable& stacks;
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

Chain::End end_of(Step step) {
  if (step == Step::kOutermost) return Chain::End::kOutermost;
  return step == Step::kNeedsRegister ? Chain::End::kNeedsRegister : Chain::End::kCut;
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
      if (changed == 0) return {Chain::End::kMatched, count, candidate, last};
      candidate = changed - 1;
    }
    if (__builtin_expect(count == limit, 0)) return {Chain::End::kTooDeep, count, 0, last};
    const UnwindRow row = walk.row_of(cursor.address);
    fresh[count] = {cursor.sp(), cursor.address, cursor.rbp(),
                    Cursor::is_logged(row) ? row.logged(walk.log().count()) : row};
    const Step step = cursor.advance(walk, row, last);
    if (__builtin_expect(step != Step::kFrame, 0)) return {end_of(step), count + 1, 0, last};
  }
}

/// Puts a frame that was stepped over by full rules into the memo, with all that its way outwards depends on.
[[gnu::noinline]] void remember_logged(Memo& memo, const ThreadUnwindState& state, MemoFrame frame,
                                       std::uint32_t log_begin, std::uint32_t log_end) {
  const RegisterMask needed_outside = memo.innermost().needs;
  RegisterMask used = 0;
  RegisterMask restored = 0;
  Check returned{0, 0};
  bool all_on_stack = !state.log.overflown();
  bool finished = false;
  memo.begin();
  for (std::uint32_t i = log_begin; i < log_end; ++i) {
    const LoggedRead& read = state.log[i];
    if (read.target == LoggedRead::kUsedMask) {
      used = static_cast<RegisterMask>(read.value);
      finished = true;
      continue;
    }
    const bool for_register = read.target < kRip;
    const RegisterMask target = for_register ? mask_of(static_cast<unsigned>(read.target)) : 0;
    restored |= target;
    if (for_register && (needed_outside & target) == 0) continue;
    all_on_stack = all_on_stack && state.covers(read.slot);
    if (read.target == kRip) {
      returned = {read.slot, read.value};
    } else {
      memo.more({read.slot, read.value});
    }
  }
  frame.needs = used | (needed_outside & ~restored);
  if (!all_on_stack || !finished) {  // what lies elsewhere may be gone when it would have to be verified
    memo.begin();
    returned = {0, 0};
    frame.needs = Memo::kUnmatchable;
  }
  memo.end(frame, returned);
}

/// Interns the fresh frames from the outside in, and remembers them as far as there is room.
[[gnu::always_inline]] inline wire::StackId remember(const Capture& capture, ThreadUnwindState& state, Memo& memo,
                                                     const Chain& chain) {
  memo.truncate(chain.matched);
  wire::StackId stack = memo.innermost().stack;
  std::uint32_t log_end = state.log.count();
  for (std::uint32_t i = chain.fresh; i-- > 0;) {
    const FreshFrame& fresh = state.fresh[i];
    stack = capture.stacks.intern(stack, frame_word(fresh.address, fresh.row.module()));
    if (__builtin_expect(memo.full(), 0)) continue;
    MemoFrame frame{fresh.sp, fresh.address, fresh.rbp, stack, 0, 0, static_cast<std::uint32_t>(fresh.row.module())};
    const bool has_caller = memo.count() != 0;
    if (__builtin_expect(fresh.row.kind() != UnwindRow::Kind::kPlain, 0)) {
      if (fresh.row.kind() == UnwindRow::Kind::kFullRules) {
        remember_logged(memo, state, frame, fresh.row.log_begin(), log_end);
        log_end = fresh.row.log_begin();
      } else {
        memo.begin();
        memo.end(frame, {0, 0});
      }
      continue;
    }
    const MemoFrame& caller = memo.innermost();
    const RegisterMask needed_outside = caller.needs;
    frame.needs = fresh.row.cfa_from_rbp() ? needed_outside | mask_of(kRbp) : needed_outside;
    memo.begin();
    if (fresh.row.saves_rbp() && has_caller) {
      if (!fresh.row.cfa_from_rbp()) frame.needs &= ~mask_of(kRbp);
      if ((needed_outside & mask_of(kRbp)) != 0) memo.more({caller.sp - fresh.row.rbp_depth(), caller.rbp});
    }
    memo.end(frame, has_caller ? Check{caller.sp - 8, caller.address} : chain.last);
  }
  return stack;
}

/// The innermost max_depth frames under kRootCutDepth. The memo is left as it is.
[[gnu::noinline]] wire::StackId intern_cut(const Capture& capture, const ThreadUnwindState& state, const Memo& memo,
                                           const Chain& chain) {
  wire::StackId stack = wire::kRootCutDepth;
  const std::uint32_t remembered = capture.max_depth - chain.fresh;
  for (std::uint32_t i = chain.matched - remembered + 1; remembered != 0 && i <= chain.matched; ++i) {
    stack = capture.stacks.intern(stack, frame_word(memo.frame(i).address, memo.frame(i).module));
  }
  for (std::uint32_t i = chain.fresh; i-- > 0;) {
    stack = capture.stacks.intern(stack, frame_word(state.fresh[i].address, state.fresh[i].row.module()));
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
    const Step step = cursor.advance(walk, walk.row_of(cursor.address), last);
    if (step == Step::kFrame) continue;
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

template <typename Cursor>
[[gnu::always_inline]] inline bool capture_remembered(const Capture& capture, ThreadUnwindState& state, Memo& memo,
                                                      Cursor& cursor, wire::StackId& stack) {
  state.log.clear();
  const Chain chain = walk_to_memo(capture.walk, cursor, memo, state.fresh, capture.max_depth);
  if (__builtin_expect(chain.end != Chain::End::kMatched, 0)) {
    if (chain.end == Chain::End::kNeedsRegister) return false;
    if (chain.end == Chain::End::kTooDeep) {
      stack = intern_cut(capture, state, memo, chain);
      return true;
    }
    const UnwindRow outermost = state.fresh[chain.fresh - 1].row;
    const bool outside_files =
        chain.end == Chain::End::kCut && outermost.kind() == UnwindRow::Kind::kNoRules && outermost.module() == 0;
    memo.restart(chain.end == Chain::End::kOutermost ? wire::kRootComplete : wire::kRootCutUnwind, outside_files);
  } else if (__builtin_expect(chain.fresh + chain.matched > capture.max_depth, 0)) {
    stack = intern_cut(capture, state, memo, chain);
    return true;
  }
  stack = remember(capture, state, memo, chain);
  return true;
}

/// Code that belonged to no file when the stack was cut there may have been replaced by a file's since.
[[gnu::noinline]] void recheck_cut(Memo& memo) {
  FoundObject object;
  if (memo.count() != 0 && find_object(memo.frame(1).address - 1, object) != Object::kNone) {
    memo.restart(wire::kRootComplete, false);
  }
}

/// The long way, for stacks with frames whose rules ask for rbx or r12 to r15, as those of lazy binding do.
[[gnu::noinline]] wire::StackId capture_with_all_registers(const Capture& capture, ThreadUnwindState& state, Memo& memo,
                                                           const CallerRegisters& registers) {
  FullCursor cursor;
  wire::StackId stack = wire::kRootCutUnwind;
  if (start_full(capture.walk, registers, cursor)) capture_remembered(capture, state, memo, cursor, stack);
  return stack;
}

[[gnu::noinline]] wire::StackId capture_without_state(const CallerRegisters& registers, std::uint32_t max_depth,
                                                      StackTable& stacks, ModuleList& modules, wire::Header& header) {
  StackRange range;
  if (!range.restart(registers.stack_pointer - 8)) return wire::kRootCutUnwind;
  ReadLog log;
  Walk walk(nullptr, range, modules, modules.generation(), log, header);
  const Capture capture{walk, stacks, max_depth < kUnrememberedDepth ? max_depth : kUnrememberedDepth};
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

wire::StackId capture_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                            StackTable& stacks, ModuleList& modules, wire::Header& header) {
  if (max_depth > kDepthLimit) max_depth = kDepthLimit;
  if (__builtin_expect(max_depth == 0, 0)) return wire::kRootComplete;
  if (__builtin_expect(state == nullptr, 0)) {
    return checked(capture_without_state(registers, max_depth, stacks, modules, header), registers, header);
  }
  const std::uint32_t generation = modules.generation();
  const std::uint32_t unmappings = unmapping_count();
  if (__builtin_expect(state->generation != generation || state->unmappings != unmappings, 0)) {
    state->renew(generation, unmappings);
  }
  if (__builtin_expect(!state->lane->range.covers(registers.stack_pointer - 8), 0)) {
    StackLane* const lane = state->lane_of(registers.stack_pointer - 8);
    if (lane == nullptr) return wire::kRootCutUnwind;
    state->lane = lane;
  }
  Memo& memo = state->lane->memo;
  if (__builtin_expect(memo.cut_outside_files(), 0)) recheck_cut(memo);
  Walk walk(state, state->lane->range, modules, generation, state->log, header);
  const Capture capture{walk, stacks, max_depth < state->fresh_capacity ? max_depth : state->fresh_capacity};
  FastCursor cursor{registers.return_address, registers.stack_pointer, registers.frame_pointer};
  wire::StackId stack;
  if (__builtin_expect(!capture_remembered(capture, *state, memo, cursor, stack), 0)) {
    stack = capture_with_all_registers(capture, *state, memo, registers);
  }
  if (__builtin_expect(walk.used_full_rules(), 0)) {
    header.unwind_fallbacks.fetch_add(1, std::memory_order_relaxed);
  }
  return checked(stack, registers, header);
}

}  // namespace memprof::preload
