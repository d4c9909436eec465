#pragma once
// System calls without libc's wrappers: no errno, no cancellation point, no interposition by ourselves or others.
// Results are the kernel's: negative values are -errno.

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace memprof::preload::sys {

#if defined(__x86_64__)
[[gnu::always_inline]] inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                                        long f = 0) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
[[gnu::always_inline]] inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                                        long f = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  return x0;
}
#else
#error "memprof's preload library supports x86-64 and aarch64"
#endif

[[gnu::always_inline]] inline long as_long(const volatile void* pointer) { return reinterpret_cast<long>(pointer); }

inline constexpr long kReadWrite = 0x1 | 0x2;                    // PROT_READ | PROT_WRITE
inline constexpr long kPrivateAnonymous = 0x02 | 0x20 | 0x4000;  // MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE

/// Private anonymous memory, zeroed; nullptr when there is none to be had. It is left out of core dumps, and by that
/// mark the collector tells it from the program's (collect/memory_map.cpp).
inline void* map_private(std::size_t bytes) {
  const long result = call(SYS_mmap, 0, static_cast<long>(bytes), kReadWrite, kPrivateAnonymous, -1, 0);
  if (result < 0 && result > -4096) return nullptr;
  constexpr long kDontDump = 16;  // MADV_DONTDUMP
  call(SYS_madvise, result, static_cast<long>(bytes), kDontDump);
  return reinterpret_cast<void*>(result);
}

/// Private zeros in the place of whatever is mapped there.
inline void replace_by_zeros(void* start, std::size_t bytes) {
  constexpr long kFixed = 0x10;  // MAP_FIXED
  call(SYS_mmap, as_long(start), static_cast<long>(bytes), kReadWrite, kPrivateAnonymous | kFixed, -1, 0);
}

inline void unmap(void* start, std::size_t bytes) { call(SYS_munmap, as_long(start), static_cast<long>(bytes)); }

inline long advise(void* start, std::size_t bytes, int advice) {
  return call(SYS_madvise, as_long(start), static_cast<long>(bytes), advice);
}

inline std::int32_t process_id() { return static_cast<std::int32_t>(call(SYS_getpid)); }
inline std::int32_t thread_id() { return static_cast<std::int32_t>(call(SYS_gettid)); }

/// Whether a thread of this process still exists. Signal 0 delivers nothing.
inline bool thread_exists(std::int32_t process, std::int32_t thread) {
  constexpr long kNoSuchProcess = -3;  // -ESRCH
  return call(SYS_tgkill, process, thread, 0) != kNoSuchProcess;
}

/// Keeps all signals from this thread for a while: a handler that came in would find things half done.
class SignalsBlocked {
 public:
  SignalsBlocked() { change(kSetMask, &kAll, &before_); }
  ~SignalsBlocked() { change(kSetMask, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  static constexpr long kSetMask = 2;  // SIG_SETMASK
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  static void change(long how, const std::uint64_t* set, std::uint64_t* before) {
    call(SYS_rt_sigprocmask, how, as_long(set), as_long(before), sizeof(std::uint64_t));
  }

  std::uint64_t before_ = 0;
};

struct KernelTimespec {
  long seconds;
  long nanoseconds;
};

/// Waits until `word` is no longer `expected`, was woken, or the time is over. For words in shared memory.
inline void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, long timeout_ns) {
  const KernelTimespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  call(SYS_futex, as_long(&word), FUTEX_WAIT, static_cast<long>(expected), as_long(&timeout));
}

inline void futex_wake_all(std::atomic<std::uint32_t>& word) {
  call(SYS_futex, as_long(&word), FUTEX_WAKE, 0x7fffffff);
}

/// CLOCK_MONOTONIC in nanoseconds, by a real system call: for slow paths.
inline std::uint64_t monotonic_ns() {
  KernelTimespec now{};
  call(SYS_clock_gettime, 1, as_long(&now));
  return static_cast<std::uint64_t>(now.seconds) * 1'000'000'000 + static_cast<std::uint64_t>(now.nanoseconds);
}

}  // namespace memprof::preload::sys
