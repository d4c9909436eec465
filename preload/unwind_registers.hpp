#pragma once
// A frame's registers while its stack is unwound, and a log of what was read to find them.

#include <cstdint>

#include "preload/cfi_rules.hpp"

namespace memprof::preload {

using RegisterMask = std::uint32_t;
constexpr RegisterMask mask_of(unsigned number) { return RegisterMask{1} << number; }

struct RegisterFile {
  std::uintptr_t values[kRegisterCount];
  RegisterMask known;  ///< which values are

  void set(unsigned number, std::uintptr_t value) {
    values[number] = value;
    known |= mask_of(number);
  }
};

/// One read of the stack in one step outwards, or a note about that step.
struct LoggedRead {
  std::uintptr_t slot;
  std::uintptr_t value;
  std::uintptr_t target;  ///< DWARF number of the register that was found there, kRip, or one of:
  static constexpr std::uintptr_t kForCfa = 32;    ///< read on the way to the CFA
  static constexpr std::uintptr_t kUsedMask = 33;  ///< no read: `value` has the registers that the step depends on
};

/// Reads in order; once full it only counts, and what depends on it is forgotten.
class ReadLog {
 public:
  constexpr ReadLog() = default;
  ReadLog(LoggedRead* reads, std::uint32_t capacity) : reads_(reads), capacity_(capacity) {}

  void add(std::uintptr_t slot, std::uintptr_t value, std::uintptr_t target) {
    if (count_ < capacity_) {
      reads_[count_++] = {slot, value, target};
    } else {
      overflown_ = true;
    }
  }
  std::uint32_t count() const { return count_; }
  bool overflown() const { return overflown_; }
  const LoggedRead& operator[](std::uint32_t index) const { return reads_[index]; }
  void clear() {
    count_ = 0;
    overflown_ = false;
  }

 private:
  LoggedRead* reads_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t count_ = 0;
  bool overflown_ = false;
};

}  // namespace memprof::preload
