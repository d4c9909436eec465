#include "collect/collector_lock.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "wire/region.hpp"

namespace memprof::collect {

static_assert(wire::kOwnerDied == FUTEX_OWNER_DIED);

CollectorLock::CollectorLock(std::atomic<std::uint32_t>& word) : word_(word) {
  word_.store(static_cast<std::uint32_t>(::syscall(SYS_gettid)), std::memory_order_release);
  head_.list.next = &entry_;
  entry_.next = &head_.list;
  head_.futex_offset =
      static_cast<long>(reinterpret_cast<std::uintptr_t>(&word_) - reinterpret_cast<std::uintptr_t>(&entry_));
  head_.list_op_pending = nullptr;
  ::syscall(SYS_set_robust_list, &head_, sizeof(head_));
}

CollectorLock::~CollectorLock() {
  head_.list.next = &head_.list;
  word_.store(wire::kOwnerDied, std::memory_order_release);
  // The thread may go on after this object is gone, so the kernel has to forget it.
  ::syscall(SYS_set_robust_list, nullptr, sizeof(head_));
}

}  // namespace memprof::collect
