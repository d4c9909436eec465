#pragma once
// The last stack of a thread, and the proof obligations that make it this one's.
//
//   frames:   [0] root   [1] outermost   …   [count] innermost
//
// A frame's identity is (address, sp), and rbp where a rule further out uses it: from these and the memory that is read
// on the way, everything further out follows. So once the walk of a new stack meets a remembered frame, and each word
// that led from it to its caller still has its value, and so on outwards, the rest of both stacks is the same.
// Each of these words is read where a true unwinder would read it next, never further: what was freed or unmapped
// since is not touched.

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
  std::uint32_t checks_end;  ///< more words than the return address: those after the outer frame's checks_end
  RegisterMask needs;        ///< registers, besides rsp, on which the way outwards from here depends
  std::uint32_t module;
};
static_assert(sizeof(MemoFrame) == 40);

class Memo {
 public:
  static constexpr RegisterMask kUnmatchable = ~RegisterMask{0};

  /// Bytes that a memo of that many frames takes. A frame has one more word to check on average at most.
  static constexpr std::size_t bytes(std::uint32_t capacity) {
    return (capacity + std::size_t{1}) * (sizeof(MemoFrame) + 2 * sizeof(Check));
  }
  void use_memory(void* memory, std::uint32_t capacity);

  std::uint32_t count() const { return count_; }
  bool full() const { return count_ == capacity_; }
  const MemoFrame& frame(std::uint32_t index) const { return frames_[index]; }
  const MemoFrame& innermost() const { return frames_[count_]; }
  /// Whether the stack was cut at code outside of all files.
  bool cut_outside_files() const { return cut_outside_files_; }

  /// Forgets all frames; the root is then `root`.
  void restart(wire::StackId root, bool cut_outside_files) {
    count_ = 0;
    cut_outside_files_ = cut_outside_files;
    frames_[0] = {~std::uintptr_t{0}, 0, 0, root, 0, 0, 0};
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
    for (; index != 0; --index) {
      Check check = returns_[index];
      if (__builtin_expect((check.slot & kHasMore) != 0, 0)) {
        if (!verify_more(index)) break;
        check.slot &= ~kHasMore;
      }
      if (load_word(check.slot) != check.value) break;
    }
    return index;
  }

  // Adding a frame inside of the innermost one: begin(), more() any number of times, end().

  void begin() { checks_ = frames_[count_].checks_end; }
  /// A word, besides the return address, that leads to the caller. What lies at it must be part of the stack.
  void more(Check check) {
    if (checks_ < capacity_) {
      checks_memory_[checks_++] = check;
    } else {
      checks_ = capacity_ + 1;
    }
  }
  /// `frame` is complete but for checks_end. `returned` is where its return address was read; slot 0: it has none.
  [[gnu::always_inline]] void end(const MemoFrame& frame, Check returned) {
    const std::uint32_t first = frames_[count_].checks_end;
    MemoFrame& added = frames_[++count_];
    added = frame;
    if (__builtin_expect(checks_ > capacity_, 0)) {  // no room for its checks
      checks_ = first;
      added.needs = kUnmatchable;
    }
    added.checks_end = checks_;
    if (returned.slot == 0) returned = always_true();
    if (checks_ != first) returned.slot |= kHasMore;
    returns_[count_] = returned;
  }

 private:
  /// User addresses have less than 63 bits.
  static constexpr std::uintptr_t kHasMore = std::uintptr_t{1} << 63;

  [[gnu::always_inline]] bool verify_more(std::uint32_t index) const {
    for (std::uint32_t i = frames_[index - 1].checks_end; i < frames_[index].checks_end; ++i) {
      if (load_word(checks_memory_[i].slot) != checks_memory_[i].value) return false;
    }
    return true;
  }

  /// For a frame that has no return address.
  Check always_true() const { return {reinterpret_cast<std::uintptr_t>(&frames_[0].address), 0}; }

  MemoFrame* frames_;
  Check* returns_;
  Check* checks_memory_;
  std::uint32_t capacity_;
  std::uint32_t count_;
  std::uint32_t checks_;
  bool cut_outside_files_;
};

}  // namespace memprof::preload
