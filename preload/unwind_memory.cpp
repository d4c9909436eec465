#include "preload/unwind_memory.hpp"

#include "preload/known_stacks.hpp"
#include "preload/sys.hpp"
#include "preload/unwinder.hpp"

namespace memprof::preload {
std::atomic<std::uint32_t> g_unmappings{0};

namespace {

constexpr std::uintptr_t page_of(std::uintptr_t address) { return address & ~(StackRange::kPageBytes - 1); }

}  // namespace

bool is_readable(std::uintptr_t address) {
  // rt_sigprocmask first copies the new mask from user memory, then refuses a `how` that doesn't exist: EFAULT or
  // EINVAL, and nothing changes. Unlike process_vm_readv or a pipe it is let through by every seccomp filter.
  constexpr long kNoSuchHow = -1;
  constexpr long kBadAddress = -14;
  if (address < StackRange::kPageBytes) return false;  // a null mask would not be looked at
  return sys::call(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(address), 0, 8) != kBadAddress;
}

void note_unmapping() {
  g_unmappings.fetch_add(1, std::memory_order_relaxed);
  g_stacks_epoch.fetch_add(1, std::memory_order_release);
}

bool is_unwinders_own(std::uintptr_t) { return false; }

bool StackRange::restart(std::uintptr_t address) {
  low_ = high_ = 0;
  if (!is_readable(address)) return false;
  low_ = page_of(address);
  high_ = page_of(address + 7) + kPageBytes;
  return true;
}

bool StackRange::extend(std::uintptr_t address) {
  if (empty()) return restart(address);
  if (address < low_) {
    if (low_ - address > kWidestGap) return false;
    while (low_ > address) {
      if (!is_readable(low_ - kPageBytes)) return false;
      low_ -= kPageBytes;
    }
  }
  const std::uintptr_t last = address + 7;
  if (last < address) return false;
  if (last >= high_) {
    if (last - high_ > kWidestGap) return false;
    while (high_ <= last) {
      if (!is_readable(high_)) return false;
      high_ += kPageBytes;
    }
  }
  return true;
}

}  // namespace memprof::preload
