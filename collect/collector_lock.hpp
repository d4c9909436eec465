#pragma once
// Tells the targets that a collector thread lives (Header::collector_lock_word): when the thread ends, even by
// SIGKILL, the kernel sets FUTEX_OWNER_DIED in the word.

#include <linux/futex.h>

#include <atomic>
#include <cstdint>

namespace memprof::collect {

/// Held by the thread that constructs it until it destroys it; one per thread. Takes the place of the C library's own
/// list of robust mutexes, so that thread must not use such mutexes.
class CollectorLock {
 public:
  explicit CollectorLock(std::atomic<std::uint32_t>& word);
  ~CollectorLock();
  CollectorLock(const CollectorLock&) = delete;
  CollectorLock& operator=(const CollectorLock&) = delete;

 private:
  std::atomic<std::uint32_t>& word_;
  // The list that the kernel walks lies here, not in the region: only the word itself is the target's to overwrite.
  robust_list_head head_{};
  robust_list entry_{};
};

}  // namespace memprof::collect
