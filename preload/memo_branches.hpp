#pragma once
// Inner ends of recent stacks. A program at work runs in circles: the same few inner frames again and again on top of
// the same outer ones. A branch keeps such an inner end, from the hook's caller to the frame of the memo on which it
// stands, with the words that lead there. When they hold, and the memo's words from there on hold, the stack is known
// without a single step, and the memo is left as it is.

#include <array>
#include <cstdint>

#include "preload/memo.hpp"

namespace memprof::preload {

struct Branch {
  static constexpr std::uint32_t kMostChecks = 16;

  MemoFrame inner;       ///< the hook's caller
  MemoFrame base;        ///< the memo's frame as it was; checks_end doesn't count
  std::uint32_t index;   ///< of the base
  std::uint32_t frames;  ///< from the outermost one to the hook's caller
  std::uint32_t checks_count;
  Check checks[kMostChecks];  ///< from the outside in

  [[gnu::always_inline]] bool begins_at(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp) const {
    return inner.sp == sp && inner.address == address && (inner.needs == 0 || inner.rbp == rbp);
  }
  [[gnu::always_inline]] bool stands_on(const Memo& memo) const {
    if (index > memo.count()) return false;
    const MemoFrame& frame = memo.frame(index);
    return frame.sp == base.sp && frame.address == base.address && frame.stack == base.stack &&
           frame.needs == base.needs && (base.needs == 0 || frame.rbp == base.rbp);
  }
  [[gnu::always_inline]] bool holds() const {
    for (const Check* check = checks + checks_count; check != checks;) {
      --check;
      if (load_word(check->slot) != check->value) return false;
    }
    return true;
  }
};

class BranchCache {
 public:
  static constexpr unsigned kWays = 4;
  using Set = std::array<Branch, kWays>;

  /// Where a branch with that innermost frame would be.
  [[gnu::always_inline]] const Set& set_of(std::uintptr_t sp, std::uintptr_t address) const {
    return sets_[index_of(sp, address)];
  }
  /// Keeps the inner end of the memo's stack, from frame `index` on, if it's short.
  void keep(const Memo& memo, std::uint32_t index);
  void clear();

 private:
  static constexpr unsigned kLog2Sets = 6;
  static std::size_t index_of(std::uintptr_t sp, std::uintptr_t address) {
    return (sp * 0x9e37'79b9'7f4a'7c15u + address * 0xbf58'476d'1ce4'e5b9u) >> (64 - kLog2Sets);
  }
  std::array<Set, 1 << kLog2Sets> sets_;
  std::uint32_t next_way_;
};

}  // namespace memprof::preload
