#pragma once
// Recent call stacks of a thread as a whole. A program at work runs in circles: the same few stacks again and again.
// Each is kept with all the words of memory that lead from the hook's caller outwards to the end of the stack. When all
// still have their values, the stack is known without a single step (preload/memo.hpp has the argument).
//
// A hit has to be cheap, since it is what nearly every event costs, in instructions and in cache lines that the program
// needs itself, and in what has to be waited for before the processor finds that it guessed wrong: a number by hash,
// and the stack there, which takes 10 bytes a word.
//
// Only its owning thread touches it, with the guard of its ring set (preload/ring_writer.hpp).

#include <array>
#include <atomic>
#include <cstdint>

#include "preload/hot.hpp"
#include "preload/unwind_memory.hpp"
#include "wire/record.hpp"

namespace memprof::preload {

class Memo;

/// Rises with whatever may make remembered stacks void: a rise of ModuleList::generation(), a note_unmapping().
inline std::atomic<std::uint32_t> g_stacks_epoch{0};

/// Words that must not have changed, from the inside out: each is read where a true unwinder would read it next. In
/// groups, so that few jumps are taken; the stack's last word fills up its group.
struct KnownWords {
  static constexpr unsigned kWords = 4;

  std::array<std::uint16_t, kWords> places;  ///< in words from the stack pointer of the hook's caller
  std::array<std::uintptr_t, kWords> values;

  MEMPROF_HOT bool holds(unsigned word, std::uintptr_t sp) const {
    return __builtin_expect(load_word(sp + std::uintptr_t{places[word]} * 8) == values[word], 1);
  }
  MEMPROF_HOT bool hold(std::uintptr_t sp) const {
    return holds(0, sp) && holds(1, sp) && holds(2, sp) && holds(3, sp);
  }
};
static_assert(sizeof(KnownWords) == 40);

struct KnownStack {
  static constexpr unsigned kMostGroups = 32;

  std::uintptr_t sp, address, rbp;  ///< of the hook's caller
  wire::StackId stack;
  std::uint16_t frames;
  std::uint8_t groups_count;
  bool needs_rbp;  ///< the way outwards depends on it

  /// The words follow in memory.
  const KnownWords* groups() const { return reinterpret_cast<const KnownWords*>(this + 1); }
  KnownWords* groups() { return reinterpret_cast<KnownWords*>(this + 1); }

  MEMPROF_HOT bool holds(std::uintptr_t sp_now, std::uintptr_t address_now, std::uintptr_t rbp_now) const {
    const bool begins_here = sp == sp_now && address == address_now && (!needs_rbp || rbp == rbp_now);
    if (__builtin_expect(!begins_here, 0)) return false;
    const KnownWords* const end = groups() + groups_count;
    for (const KnownWords* group = groups(); group != end; ++group) {
      if (__builtin_expect(!group->hold(sp_now), 0)) return false;
    }
    return true;
  }
};
static_assert(sizeof(KnownStack) == 32);

class KnownStacks {
 public:
  /// The stack that begins with the frame described, if it was the last one that did so; else null, and find_other()
  /// may know more: at one place the same frame may stand on several stacks.
  MEMPROF_HOT const KnownStack* find(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp) const {
    const bool valid = epoch_ == g_stacks_epoch.load(std::memory_order_acquire) && sp - first_sp_ < sps_;
    if (__builtin_expect(!valid, 0)) return nullptr;
    const KnownStack& known = at(latest_[hash_of(sp, address) >> (64 - kLog2Latest)]);
    return __builtin_expect(known.holds(sp, address, rbp), 1) ? &known : nullptr;
  }
  /// Looks at all others that may be it, and makes what it finds the first one for next time.
  const KnownStack* find_other(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp);

  /// The memo's stack was walked to. Keeps it if it's short enough and the walk to it not the first one for long: many
  /// a program never has the same stack again.
  void note_walk(const Memo& memo);

  /// The thread is on the stack `range` now, and has forgotten what didn't hold any more in that epoch.
  void open(std::uint32_t epoch, const StackRange& range) {
    epoch_ = epoch;
    first_sp_ = range.low() + 8;
    sps_ = range.empty() ? 0 : range.high() - range.low() - 7;
  }
  /// Nothing is found until the next open().
  void close() { sps_ = 0; }
  /// Forgets all stacks.
  void clear() {
    latest_ = {};
    sets_ = {};
  }

 private:
  static constexpr unsigned kLog2Latest = 9;
  static constexpr unsigned kLog2Sets = 6;
  static constexpr unsigned kWays = 4;
  static constexpr unsigned kLog2Walked = 10;
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::uint32_t kLines = 1024;
  using Line = std::uint16_t;  ///< where in memory_ a stack begins; 0: there is none, which has no frame

  /// Stacks whose hashes begin with the same bits.
  struct Set {
    std::array<std::uint16_t, kWays> tags;
    std::array<Line, kWays> lines;
  };

  static std::uint64_t hash_of(std::uintptr_t sp, std::uintptr_t address) {
    return (sp ^ (address << 32 | address >> 32)) * 0x9e37'79b9'7f4a'7c15u;
  }
  Set& set_of(std::uint64_t hash) { return sets_[hash >> (64 - kLog2Sets)]; }
  static std::uint16_t tag_of(std::uint64_t hash) { return static_cast<std::uint16_t>(hash >> 32); }
  const KnownStack& at(std::size_t line) const {
    return *reinterpret_cast<const KnownStack*>(&memory_[line * kLineBytes]);
  }
  void keep(const Memo& memo);
  Line take_lines(std::size_t bytes);
  void forget(Line line);

  std::uint32_t epoch_;
  std::uint32_t next_way_;
  std::uint32_t next_line_;
  std::uintptr_t first_sp_, sps_;              ///< stack pointers of callers on the stack that the thread is on
  std::array<Line, 1 << kLog2Latest> latest_;  ///< by hash
  std::array<Set, 1 << kLog2Sets> sets_;
  std::array<wire::StackId, 1 << kLog2Walked> walked_;  ///< stacks that were walked to
  std::array<bool, kLines> begins_;                     ///< whether a stack begins there
  /// Stacks one behind the other, each from the beginning of a cache line; the oldest ones make room.
  alignas(kLineBytes) std::array<std::uint8_t, kLines * kLineBytes> memory_;
};

}  // namespace memprof::preload
