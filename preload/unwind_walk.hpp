#pragma once
// Walking outwards, frame by frame. Two cursors with the same shape: FastCursor knows rsp and rbp, which is enough for
// rows and for most full rules; FullCursor knows all registers, and is started when it isn't.

#include <cstdint>

#include "preload/memo.hpp"
#include "preload/unwind_memory.hpp"
#include "preload/unwind_row_table.hpp"
#include "preload/unwind_state.hpp"
#include "preload/unwind_step.hpp"

namespace memprof::preload {

class ModuleList;

/// One capture: what is the same for all of its steps.
class Walk {
 public:
  /// `state` may be null.
  Walk(ThreadUnwindState* state, StackRange& range, ModuleList& modules, std::uint32_t generation, ReadLog& log,
       wire::Header& header)
      : stamp_(UnwindRow::stamp(generation)),
        range_(&range),
        state_(state),
        modules_(modules),
        log_(log),
        header_(header),
        generation_(generation) {}

  [[gnu::always_inline]] UnwindRow row_of(std::uintptr_t address) {
    const UnwindRow row = g_rows.find(address);
    return __builtin_expect(row.is_current(stamp_), 1) ? row : make_row(address);
  }
  std::uint64_t stamp() const { return stamp_; }
  std::uintptr_t high() const { return range_->high(); }
  ReadLog& log() { return log_; }
  ModuleList& modules() { return modules_; }
  bool used_full_rules() const { return used_full_rules_; }

  /// Makes [cfa - 16, cfa) readable, widening the range or going over to another stack. False: it isn't, or `cfa`
  /// leads inwards.
  bool enter(std::uintptr_t sp, std::uintptr_t cfa);
  /// A step by the full rules. `interrupted`: afterwards, whether rip is exact rather than a return address.
  Step step(std::uintptr_t address, RegisterFile& registers, bool& interrupted);

 private:
  UnwindRow make_row(std::uintptr_t address);
  bool enter_page(std::uintptr_t address);

  const std::uint64_t stamp_;
  StackRange* range_;
  ThreadUnwindState* const state_;
  ModuleList& modules_;
  ReadLog& log_;
  wire::Header& header_;
  const std::uint32_t generation_;
  bool used_full_rules_ = false;
};

struct FastCursor {
  std::uintptr_t address;
  std::uintptr_t sp_;
  std::uintptr_t rbp_;
  bool interrupted = false;

  std::uintptr_t sp() const { return sp_; }
  std::uintptr_t rbp() const { return rbp_; }
  [[gnu::always_inline]] static bool is_logged(UnwindRow row) { return row.kind() == UnwindRow::Kind::kFullRules; }

  /// `last`: on kOutermost the return address that was 0, or slot 0 if there was none.
  [[gnu::always_inline]] Step advance(Walk& walk, UnwindRow row, Check& last) {
    if (__builtin_expect(!row.is_plain(walk.stamp()), 0)) {
      // On a copy, so that the compiler may keep the cursor itself in registers.
      FastCursor other = *this;
      const Step step = other.advance_otherwise(walk, row, last);
      *this = other;
      return step;
    }
    const std::uintptr_t cfa = (row.cfa_from_rbp() ? rbp_ : sp_) + row.cfa_offset();
    if (__builtin_expect(cfa <= sp_ || cfa > walk.high(), 0) && !walk.enter(sp_, cfa)) return Step::kCut;
    const std::uintptr_t caller = load_word(cfa - 8);
    const std::uintptr_t saved = load_word(cfa - row.rbp_depth());
    rbp_ = row.saves_rbp() ? saved : rbp_;
    sp_ = cfa;
    interrupted = false;
    if (__builtin_expect(caller == 0, 0)) {
      last = {cfa - 8, 0};
      return Step::kOutermost;
    }
    address = caller;
    return Step::kFrame;
  }

 private:
  Step advance_otherwise(Walk& walk, UnwindRow row, Check& last);
};

class FullCursor {
 public:
  std::uintptr_t address;

  /// From a point in our own code, whose registers are all known, to the hook's caller. False when that fails.
  bool start(Walk& walk, const RegisterFile& registers, const CallerRegisters& caller);

  std::uintptr_t sp() const { return registers_.values[kRsp]; }
  std::uintptr_t rbp() const { return registers_.values[kRbp]; }
  static bool is_logged(UnwindRow row) {
    return row.kind() == UnwindRow::Kind::kFullRules || row.kind() == UnwindRow::Kind::kPlain;
  }
  Step advance(Walk& walk, UnwindRow row, Check& last);

 private:
  RegisterFile registers_;
  bool interrupted_;
};

}  // namespace memprof::preload
