#pragma once
// Reading a stack without ever faulting: which addresses are known to be readable, and how to ask for more.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace memprof::preload {

/// Asks the kernel whether 8 bytes can be read, without an effect on anything and without touching errno.
bool is_readable(std::uintptr_t address);

/// Rises with every note_unmapping(). Counted rather than listed: unmapping is rare, and what is forgotten is cheap to
/// find again.
extern std::atomic<std::uint32_t> g_unmappings;

// A sanitizer's own memory is readable too, but it ends the program that looks there (the fuzz target is one).
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMPROF_LOAD __attribute__((noinline, no_sanitize("address")))
#endif
#endif
#if !defined(MEMPROF_LOAD)
#define MEMPROF_LOAD [[gnu::always_inline]]
#endif

/// The 8 bytes at a readable address of any alignment.
MEMPROF_LOAD inline std::uintptr_t load_word(std::uintptr_t address) {
  std::uintptr_t value;
  __builtin_memcpy(&value, reinterpret_cast<const void*>(address), sizeof(value));
  return value;
}

/// Consecutive pages, all found readable: the part of one stack that was visited.
class StackRange {
 public:
  static constexpr std::uintptr_t kPageBytes = 4096;
  /// Widest gap that is asked about page by page: one frame with that many bytes of locals.
  static constexpr std::uintptr_t kWidestGap = std::uintptr_t{64} << 20;

  constexpr StackRange() = default;

  std::uintptr_t low() const { return low_; }
  std::uintptr_t high() const { return high_; }
  bool empty() const { return low_ == high_; }
  /// The 8 bytes at `address` are in here.
  bool covers(std::uintptr_t address) const { return address >= low_ && address < high_ && high_ - address >= 8; }

  /// Starts anew with the page (or two) of the 8 bytes at `address`; false, and empty, when they can't be read.
  bool restart(std::uintptr_t address);
  /// Grows to hold the 8 bytes at `address`, if everything between can be read.
  bool extend(std::uintptr_t address);

 private:
  std::uintptr_t low_ = 0;
  std::uintptr_t high_ = 0;
};

/// Loads for the interpreter, from inside the range or from wherever the kernel says that it can be done.
class StackMemory {
 public:
  explicit StackMemory(const StackRange& range) : range_(range) {}
  bool load(std::uintptr_t address, std::uintptr_t& value) const {
    if (!range_.covers(address) && !is_readable(address)) return false;
    value = load_word(address);
    return true;
  }

 private:
  const StackRange& range_;
};

}  // namespace memprof::preload
