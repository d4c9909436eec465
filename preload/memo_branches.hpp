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
  /// A branch that begins with the frame described and holds to its end, where it stands on a frame of the memo that
  /// holds likewise; null when none is known.
  [[gnu::always_inline]] const Branch* find(const Memo& memo, std::uintptr_t sp, std::uintptr_t address,
                                            std::uintptr_t rbp) const {
    const std::uint64_t hash = hash_of(sp, address);
    const Tags& tags = tags_[set_of(hash)];
    for (unsigned way = 0; way < kWays; ++way) {
      if (__builtin_expect(tags[way] != tag_of(hash), 1)) continue;
      const Branch& branch = branches_[set_of(hash) * kWays + way];
      if (branch.begins_at(sp, address, rbp) && branch.stands_on(memo) && branch.holds() &&
          memo.verify(branch.index) == 0) {
        return &branch;
      }
    }
    return nullptr;
  }
  /// The memo's stack was walked to, from frame `index` on. Keeps that inner end if it's short and the walk to this
  /// stack not the first one for long: many a program never has the same stack again.
  [[gnu::always_inline]] void note_walk(const Memo& memo, std::uint32_t index) {
    wire::StackId& walked = walked_[memo.innermost().stack % kWalked];
    if (walked == memo.innermost().stack) {
      keep(memo, index);
    } else {
      walked = memo.innermost().stack;
    }
  }
  void clear();

 private:
  static constexpr unsigned kWays = 4;
  static constexpr unsigned kLog2Sets = 6;
  static constexpr std::size_t kWalked = 256;
  using Tags = std::array<std::uint32_t, kWays>;

  static std::uint64_t hash_of(std::uintptr_t sp, std::uintptr_t address) {
    return sp * 0x9e37'79b9'7f4a'7c15u + address * 0xbf58'476d'1ce4'e5b9u;
  }
  static std::size_t set_of(std::uint64_t hash) { return hash >> (64 - kLog2Sets); }
  /// Never 0, the tag of a branch that isn't there.
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 24) | 1; }
  void keep(const Memo& memo, std::uint32_t index);

  std::array<Tags, 1 << kLog2Sets> tags_;
  std::array<wire::StackId, kWalked> walked_;
  std::array<Branch, kWays << kLog2Sets> branches_;
  std::uint32_t next_way_;
};

}  // namespace memprof::preload
