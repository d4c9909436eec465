// The address ranges that the program maps itself: a domain of its own, never a part of the heap. Neither libc's malloc
// nor the dynamic loader comes through here, since both call the kernel without the PLT; what an allocator of the
// program's own maps for itself is recognised by its code and left out.
//
// mmap and munmap are called by signal handlers and by allocators while their locks are held, so nothing here may
// wait for more than the ring does.

#include <linux/mman.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdarg>

#include "preload/hook_caller.hpp"
#include "preload/real_functions.hpp"
#include "preload/recorder.hpp"
#include "preload/sys.hpp"

namespace memprof::preload {
namespace {

using wire::Hook;
using wire::Operation;

constexpr std::uintptr_t kFailed = ~std::uintptr_t{0};  // MAP_FAILED
constexpr int kReadable = 0x1;                          // PROT_READ

void* as_pointer(std::uintptr_t address) { return reinterpret_cast<void*>(address); }

/// What the kernel makes of a length.
std::size_t whole_pages(std::size_t bytes) { return (bytes + wire::kPage - 1) & ~(wire::kPage - 1); }

/// The result of a system call as libc's wrapper returns it.
long with_errno(long result) {
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}

bool is_recorded(const CallerRegisters& caller) {
  return !is_allocators_own(caller.return_address) && !is_unwinders_own(caller.return_address);
}

/// mmap by one of its two names, `real` in RealFunctions; by the kernel as long as they are not known.
template <typename Offset>
[[gnu::always_inline]] inline void* map(void* (*RealFunctions::*real)(void*, std::size_t, int, int, int, Offset),
                                        void* address, std::size_t bytes, int protection, int flags, int file,
                                        Offset offset, const CallerRegisters& caller) {
  const bool ready = real_functions_ready();
  if (ready && (flags & MAP_FIXED) != 0) note_unmapping();
  void* start;
  if (ready && g_real.*real != nullptr) {
    start = (g_real.*real)(address, bytes, protection, flags, file, offset);
  } else {
    start = reinterpret_cast<void*>(with_errno(
        sys::call(SYS_mmap, sys::as_long(address), static_cast<long>(bytes), protection, flags, file, offset)));
  }
  const bool failed = reinterpret_cast<std::uintptr_t>(start) == kFailed;
  if (ready && is_recorded(caller)) {
    record(failed ? Operation::kAllocFail : Operation::kAlloc, Hook::kMmap, failed ? nullptr : start,
           whole_pages(bytes), caller);
  }
  return start;
}

/// A move of the program break by `change` bytes, made by `move`.
template <typename Move>
[[gnu::always_inline]] inline void shift_break(std::uintptr_t before, std::intptr_t change,
                                               const CallerRegisters& caller, const Move& move) {
  const auto bytes = static_cast<std::size_t>(change < 0 ? -change : change);
  if (change < 0) {
    note_unmapping();
    const wire::StackId stack = record(Operation::kFree, Hook::kSbrk, as_pointer(before - bytes), bytes, caller);
    if (!move()) record_again(Operation::kReallocFail, Hook::kSbrk, as_pointer(before - bytes), bytes, stack);
    return;
  }
  const bool moved = move();
  record(moved ? Operation::kAlloc : Operation::kAllocFail, Hook::kSbrk, moved ? as_pointer(before) : nullptr, bytes,
         caller);
}

}  // namespace
}  // namespace memprof::preload

using namespace memprof::preload;

extern "C" {

MEMPROF_EXPORT void* mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  MEMPROF_HOOK_ENTRY(caller);
  return map(&RealFunctions::mmap, address, bytes, protection, flags, file, offset, caller);
}

MEMPROF_EXPORT void* mmap64(void* address, std::size_t bytes, int protection, int flags, int file, off64_t offset) {
  MEMPROF_HOOK_ENTRY(caller);
  return map(&RealFunctions::mmap64, address, bytes, protection, flags, file, offset, caller);
}

MEMPROF_EXPORT int munmap(void* address, std::size_t bytes) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready() || g_real.munmap == nullptr) {
    return static_cast<int>(with_errno(sys::call(SYS_munmap, sys::as_long(address), static_cast<long>(bytes))));
  }
  note_unmapping();
  // Nothing that is recorded lies at 0.
  const bool recorded = address != nullptr && is_recorded(caller);
  memprof::wire::StackId stack = memprof::wire::kRootLost;
  if (recorded) stack = record(Operation::kFree, Hook::kMunmap, address, whole_pages(bytes), caller);
  const int status = g_real.munmap(address, bytes);
  if (recorded && status != 0) {
    record_again(Operation::kReallocFail, Hook::kMunmap, address, whole_pages(bytes), stack);
  }
  return status;
}

MEMPROF_EXPORT void* mremap(void* address, std::size_t old_bytes, std::size_t bytes, int flags, ...) {
  MEMPROF_HOOK_ENTRY(caller);
  void* wanted = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list rest;
    va_start(rest, flags);
    wanted = va_arg(rest, void*);
    va_end(rest);
  }
  if (!real_functions_ready() || g_real.mremap == nullptr) {
    return reinterpret_cast<void*>(with_errno(sys::call(SYS_mremap, sys::as_long(address), static_cast<long>(old_bytes),
                                                        static_cast<long>(bytes), flags, sys::as_long(wanted))));
  }
  note_unmapping();
  if (!is_recorded(caller)) return g_real.mremap(address, old_bytes, bytes, flags, wanted);
  // An old size of 0 maps shared memory once more; MREMAP_DONTUNMAP (4) leaves the old range mapped.
  constexpr int kDontUnmap = 4;
  const bool gives_old_back = address != nullptr && old_bytes != 0 && (flags & kDontUnmap) == 0;
  memprof::wire::StackId stack = memprof::wire::kRootLost;
  if (gives_old_back) stack = record(Operation::kReallocBegin, Hook::kMremap, address, whole_pages(old_bytes), caller);
  void* const start = g_real.mremap(address, old_bytes, bytes, flags, wanted);
  const bool failed = reinterpret_cast<std::uintptr_t>(start) == kFailed;
  if (gives_old_back) {
    record_again(failed ? Operation::kReallocFail : Operation::kReallocEnd, Hook::kMremap, failed ? address : start,
                 whole_pages(bytes), stack);
  } else {
    record(failed ? Operation::kAllocFail : Operation::kAlloc, Hook::kMremap, failed ? nullptr : start,
           whole_pages(bytes), caller);
  }
  return start;
}

/// Not recorded: it maps nothing. But a stack that loses its right to be read must not be read any more.
MEMPROF_EXPORT int mprotect(void* address, std::size_t bytes, int protection) {
  if ((protection & kReadable) == 0) note_unmapping();
  if (real_functions_ready() && g_real.mprotect != nullptr) return g_real.mprotect(address, bytes, protection);
  return static_cast<int>(
      with_errno(sys::call(SYS_mprotect, sys::as_long(address), static_cast<long>(bytes), protection)));
}

MEMPROF_EXPORT void* sbrk(std::intptr_t change) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready() || g_real.sbrk == nullptr) {
    errno = ENOMEM;
    return as_pointer(kFailed);
  }
  if (change == 0 || !is_recorded(caller)) return g_real.sbrk(change);
  void* start = nullptr;
  shift_break(reinterpret_cast<std::uintptr_t>(g_real.sbrk(0)), change, caller, [&] {
    start = g_real.sbrk(change);
    return reinterpret_cast<std::uintptr_t>(start) != kFailed;
  });
  return start;
}

MEMPROF_EXPORT int brk(void* end) {
  MEMPROF_HOOK_ENTRY(caller);
  if (!real_functions_ready() || g_real.sbrk == nullptr || g_real.brk == nullptr) {
    errno = ENOMEM;
    return -1;
  }
  const auto before = reinterpret_cast<std::uintptr_t>(g_real.sbrk(0));
  const auto change = static_cast<std::intptr_t>(reinterpret_cast<std::uintptr_t>(end) - before);
  if (change == 0 || !is_recorded(caller)) return g_real.brk(end);
  int status = -1;
  shift_break(before, change, caller, [&] { return (status = g_real.brk(end)) == 0; });
  return status;
}

}  // extern "C"
