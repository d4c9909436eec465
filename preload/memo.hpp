#pragma once
// The last stack of a thread, and the proof obligations that make it this one's.
//
//   frames:   [0] root   [1] outermost   …   [count] innermost
//   checks:   words of the stack, from the outside in; those of a frame are the ones that lead from it to its caller
//
// A frame's identity is (address, sp), and rbp where a rule further out uses it: from these and the memory that is read
// on the way, everything further out follows. So once the walk of a new stack meets a remembered frame, and each word
// that led from it to its caller still has its value, and so on outwards, the rest of both stacks is the same.
// Each of these words is read where a true unwinder would read it next, never further: what was freed or unmapped
// since is not touched.

#include <cstddef>
#include <cstdint>

#include "preload/unwind_memory.hpp"
#include "preload/unwind_registers.hpp"
#include "wire/record.hpp"

namespace memprof::preload {

/// A word of the stack that must not have changed.
struct Check {
  std::uintptr_t slot;
  std::uintptr_t value;
};

struct MemoFrame {
  std::uintptr_t sp;       ///< rsp in this frame once its callee has returned
  std::uintptr_t address;  ///< as in wire::StackNode
  std::uintptr_t rbp;      ///< compared only if `needs` says so
  wire::StackId stack;
  std::uint32_t checks_end;  ///< this frame's checks begin at the outer frame's checks_end
  RegisterMask needs;        ///< registers, besides rsp, on which the way outwards from here depends
};
static_assert(sizeof(MemoFrame) == 40);

class Memo {
 public:
  static constexpr RegisterMask kUnmatchable = ~RegisterMask{0};

  /// Bytes that a memo of that many frames takes, with two checks for each: its return address and its caller's rbp.
  static constexpr std::size_t bytes(std::uint32_t capacity) {
    return (capacity + std::size_t{1}) * (sizeof(MemoFrame) + 2 * sizeof(Check));
  }
  void use_memory(void* memory, std::uint32_t capacity);

  std::uint32_t count() const { return count_; }
  const MemoFrame& frame(std::uint32_t index) const { return frames_[index]; }
  const MemoFrame& innermost() const { return frames_[count_]; }
  const Check& check(std::uint32_t index) const { return checks_[index]; }
  wire::StackId root() const { return frames_[0].stack; }
  /// Whether the stack was cut at code outside of all files.
  bool cut_outside_files() const { return cut_outside_files_; }
  void set_cut_outside_files(bool cut) { cut_outside_files_ = cut; }
  /// At least this many frames are further out, under kRootCutDepth.
  std::uint32_t frames_outside() const { return frames_outside_; }

  /// Forgets all frames; the root is then `root`.
  void restart(wire::StackId root, std::uint32_t frames_outside = 0) {
    count_ = 0;
    frames_outside_ = frames_outside;
    cut_outside_files_ = false;
    frames_[0] = {~std::uintptr_t{0}, 0, 0, root, 0, 0};
  }
  /// Forgets the frames inside of `index`.
  void truncate(std::uint32_t index) { count_ = index; }

  /// Whether the frame is the one described, provided that the words further out hold (see verify()).
  [[gnu::always_inline]] bool matches(std::uint32_t index, std::uintptr_t sp, std::uintptr_t address,
                                      std::uintptr_t rbp) const {
    const MemoFrame& frame = frames_[index];
    return frame.sp == sp && frame.address == address &&
           (frame.needs == 0 || (frame.needs == mask_of(kRbp) && frame.rbp == rbp));
  }

  /// Follows the words outwards from frame `index`. 0: all hold; else the frame whose caller is another one now.
  [[gnu::always_inline]] std::uint32_t verify(std::uint32_t index) const {
    const Check* const end = checks_;
    for (const Check* check = end + frames_[index].checks_end; check != end;) {
      --check;
      if (__builtin_expect(load_word(check->slot) != check->value, 0)) return frame_of(check, index);
    }
    return 0;
  }

  // Adding a frame inside of the innermost one: begin(), the words in the order in which the walk will need them last
  // to first, end(). When there's no more room the frame is not added.

  bool full() const { return count_ == capacity_ || frames_[count_].checks_end + kMostChecks > 2 * capacity_; }
  void begin() { next_check_ = frames_[count_].checks_end; }
  void add_check(Check check) { checks_[next_check_++] = check; }
  /// Of the checks since begin(), at most kMostChecks.
  std::uint32_t added_checks() const { return next_check_ - frames_[count_].checks_end; }
  [[gnu::always_inline]] void end(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp, wire::StackId stack,
                                  RegisterMask needs) {
    frames_[++count_] = {sp, address, rbp, stack, next_check_, needs};
  }
  static constexpr std::uint32_t kMostChecks = 24;

 private:
  [[gnu::noinline]] std::uint32_t frame_of(const Check* check, std::uint32_t index) const;

  MemoFrame* frames_;
  Check* checks_;
  std::uint32_t capacity_;
  std::uint32_t count_;
  std::uint32_t next_check_;
  std::uint32_t frames_outside_;
  bool cut_outside_files_;
};

}  // namespace memprof::preload
