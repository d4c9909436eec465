#pragma once
// Numbers for keys in the order in which they come, for tables of millions of keys: open addressing in one array, where
// std::unordered_map would touch a node of its own for each.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace memprof::report {

/// Two words that are equal exactly when two things are the same.
struct NumberKey {
  std::uint64_t first = 0, second = 0;
  friend bool operator==(const NumberKey&, const NumberKey&) = default;
};

class NumberTable {
 public:
  /// Numbers begin with `first_number`; `expected` keys fit without growing.
  explicit NumberTable(std::size_t expected = 0, std::uint32_t first_number = 0) : next_(first_number) {
    std::size_t capacity = 64;
    while (capacity * 3 / 4 < expected) capacity *= 2;
    slots_.resize(capacity);
  }

  struct Numbered {
    std::uint32_t number;
    bool is_new;
  };

  Numbered number(const NumberKey& key) {
    Slot& slot = find(key);
    if (slot.number != kNoIndex) return {slot.number, false};
    slot = {key, next_};
    if (++used_ > slots_.size() * 3 / 4) grow();
    return {next_++, true};
  }

  /// The number after the last one.
  std::uint32_t end() const { return next_; }

 private:
  struct Slot {
    NumberKey key;
    std::uint32_t number = kNoIndex;
  };

  Slot& find(const NumberKey& key) {
    // Multipliers from the golden ratio and sqrt(2), whose high bits depend on all bits of consecutive indices.
    std::uint64_t mixed = key.first * 0x9e37'79b9'7f4a'7c15u + key.second * 0x6a09'e667'f3bc'c909u;
    mixed = (mixed ^ mixed >> 32) * 0x9e37'79b9'7f4a'7c15u;
    std::size_t at = static_cast<std::size_t>(mixed ^ mixed >> 32) & (slots_.size() - 1);
    while (slots_[at].number != kNoIndex && !(slots_[at].key == key)) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kNoIndex) find(slot.key) = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t used_ = 0;
  std::uint32_t next_;
};

}  // namespace memprof::report
