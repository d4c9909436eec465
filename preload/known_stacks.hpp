#pragma once
// Recent call stacks of a thread as a whole. A program at work runs in circles: the same few stacks again and again.
// Each is kept with all the words of memory that lead from the hook's caller outwards to the end of the stack. When all
// still have their values, the stack is known without a single step (preload/memo.hpp has the argument).
//
// A hit has to be cheap, since it is what nearly every event costs, in instructions and in cache lines that the program
// needs itself: the tags of one set and the stack, which takes 10 bytes a word.
//
// Only its owning thread touches it, with the guard of its ring set (preload/ring_writer.hpp).

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

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

struct alignas(64) KnownStack {
  static constexpr unsigned kMostGroups = 16;

  std::uintptr_t sp, address, rbp;  ///< of the hook's caller
  wire::StackId stack;
  std::uint16_t frames;
  std::uint8_t groups_count;
  bool needs_rbp;  ///< the way outwards depends on it
  std::array<KnownWords, kMostGroups> groups;

  MEMPROF_HOT bool holds(std::uintptr_t sp_now, std::uintptr_t address_now, std::uintptr_t rbp_now) const {
    const bool begins_here = sp == sp_now && address == address_now && (!needs_rbp || rbp == rbp_now);
    if (__builtin_expect(!begins_here, 0)) return false;
    const KnownWords* const end = groups.data() + groups_count;
    for (const KnownWords* group = groups.data(); group != end; ++group) {
      if (__builtin_expect(!group->hold(sp_now), 0)) return false;
    }
    return true;
  }
};

class KnownStacks {
 public:
  /// The stack that begins with the frame described, if it is the first of those that may be it. Else null, and
  /// find_other() can look at the others if there are any: at one place the same frame may stand on several stacks.
  MEMPROF_HOT const KnownStack* find(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp,
                                     std::uint64_t& others) const {
    others = 0;
    const bool valid = epoch_ == g_stacks_epoch.load(std::memory_order_acquire) && sp - first_sp_ < sps_;
    if (__builtin_expect(!valid, 0)) return nullptr;
    const std::uint64_t hash = hash_of(sp, address);
    std::uint64_t tags;
    std::memcpy(&tags, &tags_[set_of(hash)], sizeof(tags));
    // The top bit of each 16 that equal the tag. Of higher ones it may be wrong, which holds() finds out.
    constexpr std::uint64_t kOnes = 0x0001'0001'0001'0001u;
    const std::uint64_t differs = tags ^ tag_of(hash) * kOnes;
    const std::uint64_t equal = (differs - kOnes) & ~differs & (kOnes << 15);
    if (__builtin_expect(equal == 0, 0)) return nullptr;
    const KnownStack& known = first(set_of(hash), equal);
    if (__builtin_expect(known.holds(sp, address, rbp), 1)) return &known;
    others = equal & (equal - 1);
    return nullptr;
  }
  const KnownStack* find_other(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp,
                               std::uint64_t others) const {
    for (; others != 0; others &= others - 1) {
      const KnownStack& known = first(set_of(hash_of(sp, address)), others);
      if (known.holds(sp, address, rbp)) return &known;
    }
    return nullptr;
  }

  /// Both at once.
  const KnownStack* find_any(std::uintptr_t sp, std::uintptr_t address, std::uintptr_t rbp) const {
    std::uint64_t others;
    const KnownStack* const known = find(sp, address, rbp, others);
    return known != nullptr ? known : find_other(sp, address, rbp, others);
  }

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
  void clear() { tags_ = {}; }

 private:
  static constexpr unsigned kWays = 4;
  static constexpr unsigned kLog2Sets = 6;
  static constexpr std::size_t kWalked = 256;
  using Tags = std::array<std::uint16_t, kWays>;

  static std::uint64_t hash_of(std::uintptr_t sp, std::uintptr_t address) {
    return (sp ^ (address << 32 | address >> 32)) * 0x9e37'79b9'7f4a'7c15u;
  }
  static std::size_t set_of(std::uint64_t hash) { return hash >> (64 - kLog2Sets); }
  /// Never 0, the tag of a stack that isn't there.
  static std::uint64_t tag_of(std::uint64_t hash) { return (hash >> 32 & 0xffff) | 1; }
  /// Of those with a bit in `equal`, which isn't 0.
  MEMPROF_HOT const KnownStack& first(std::size_t set, std::uint64_t equal) const {
    return stacks_[set * kWays + static_cast<unsigned>(__builtin_ctzll(equal)) / 16];
  }
  void keep(const Memo& memo);

  std::uint32_t epoch_;
  std::uint32_t next_way_;
  std::uintptr_t first_sp_, sps_;  ///< stack pointers of callers on the stack that the thread is on
  std::array<Tags, 1 << kLog2Sets> tags_;
  std::array<wire::StackId, kWalked> walked_;
  std::array<KnownStack, kWays << kLog2Sets> stacks_;
};

}  // namespace memprof::preload
