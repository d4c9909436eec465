// operator new and delete in all forms. Who defines the real ones decides what is done (OperatorNew): the C++
// runtime's are malloc in other words, so the hook calls malloc directly and turns to the runtime only for its answer
// to a lack of memory (new_handler, bad_alloc).

#include <dlfcn.h>

#include <cstdint>
#include <new>

#include "preload/bootstrap_arena.hpp"
#include "preload/hook_caller.hpp"
#include "preload/real_functions.hpp"
#include "preload/recorder.hpp"

namespace memprof::preload {
namespace {

using wire::Hook;
using wire::Operation;

/// The real operator. Null in the global scope when a C program has loaded its C++ parts with RTLD_LOCAL: then the
/// runtime is asked for by name.
template <typename Function>
Function* real_operator(Function* found, const char* symbol) {
  if (found != nullptr) return found;
  for (const char* runtime : {"libstdc++.so.6", "libc++.so.1"}) {
    void* const handle = dlopen(runtime, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) continue;
    if (void* const address = dlsym(handle, symbol)) return reinterpret_cast<Function*>(address);
  }
  return nullptr;
}

/// Whether the allocator that the program brought along defines this operator, and not only others.
template <typename Function>
[[gnu::always_inline]] inline bool is_allocators(Function* function) {
  return g_allocator.contains(reinterpret_cast<std::uintptr_t>(function));
}

/// `allocate` is the malloc that the runtime would call, `real` the next operator `found`, or the runtime's.
template <typename Function, typename Allocate, typename Real>
[[gnu::always_inline]] inline void* make(Function* found, std::size_t bytes, std::size_t alignment, Hook hook,
                                         const Allocate& allocate, const Real& real) {
  if (!real_functions_ready()) return bootstrap_allocate(bytes, alignment);
  if (__builtin_expect(g_operator_new == OperatorNew::kCustom, 0)) return real();
  if (__builtin_expect(g_operator_new == OperatorNew::kAllocator && is_allocators(found), 0)) {
    void* const block = real();
    const CallerRegisters caller = caller_registers();
    if (is_allocators_own(caller.return_address)) return block;
    record(block != nullptr ? Operation::kAlloc : Operation::kAllocFail, hook, block, bytes, caller);
    return block;
  }
  if (void* const block = allocate()) {
    record(Operation::kAlloc, hook, block, bytes, caller_registers());
    return block;
  }
  return real();  // its malloc comes through our hook, which records how it ends
}

template <typename Function, typename Real>
[[gnu::always_inline]] inline void unmake(Function* found, void* block, Hook hook, const CallerRegisters& caller,
                                          const Real& real) {
  if (block == nullptr || is_bootstrap(block) || !real_functions_ready()) return;
  if (g_operator_new == OperatorNew::kCustom) return real();
  if (!is_allocators_own(caller.return_address)) record(Operation::kFree, hook, block, 0, caller);
  if (g_operator_new == OperatorNew::kRuntime) return g_real.free(block);
  return is_allocators(found) ? real() : g_real.delete_plain(block);
}

/// malloc(0) may be null, operator new(0) may not.
constexpr std::size_t at_least_one(std::size_t bytes) { return bytes == 0 ? 1 : bytes; }

[[gnu::always_inline]] inline void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) {
  // aligned_alloc wants a multiple of the alignment. An overflow becomes 0, which the caller's real operator refuses.
  const auto unit = static_cast<std::size_t>(alignment);
  const std::size_t rounded = (at_least_one(bytes) + unit - 1) & ~(unit - 1);
  return rounded == 0 ? nullptr : g_real.aligned_alloc(unit, rounded);
}

}  // namespace
}  // namespace memprof::preload

using namespace memprof::preload;

#define MEMPROF_NEW(symbol, member, hook)                                                  \
  MEMPROF_EXPORT void* symbol(std::size_t bytes) {                                         \
    return make(                                                                           \
        g_real.member, bytes, 0, hook, [=] { return g_real.malloc(at_least_one(bytes)); }, \
        [=] { return real_operator(g_real.member, #symbol)(bytes); });                     \
  }

#define MEMPROF_NEW_NOTHROW(symbol, member, hook)                                          \
  MEMPROF_EXPORT void* symbol(std::size_t bytes, const std::nothrow_t& tag) {              \
    return make(                                                                           \
        g_real.member, bytes, 0, hook, [=] { return g_real.malloc(at_least_one(bytes)); }, \
        [=, &tag] { return real_operator(g_real.member, #symbol)(bytes, tag); });          \
  }

#define MEMPROF_NEW_ALIGNED(symbol, member, hook)                                 \
  MEMPROF_EXPORT void* symbol(std::size_t bytes, std::align_val_t alignment) {    \
    return make(                                                                  \
        g_real.member, bytes, static_cast<std::size_t>(alignment), hook,          \
        [=] { return allocate_aligned(bytes, alignment); },                       \
        [=] { return real_operator(g_real.member, #symbol)(bytes, alignment); }); \
  }

#define MEMPROF_NEW_ALIGNED_NOTHROW(symbol, member, hook)                                                 \
  MEMPROF_EXPORT void* symbol(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t& tag) { \
    return make(                                                                                          \
        g_real.member, bytes, static_cast<std::size_t>(alignment), hook,                                  \
        [=] { return allocate_aligned(bytes, alignment); },                                               \
        [=, &tag] { return real_operator(g_real.member, #symbol)(bytes, alignment, tag); });              \
  }

/// A form of operator delete with `rest` behind the block.
#define MEMPROF_DELETE(symbol, member, hook, parameters, arguments)                                       \
  MEMPROF_EXPORT void symbol parameters {                                                                 \
    MEMPROF_OPERATOR_ENTRY(caller);                                                                       \
    unmake(g_real.member, block, hook, caller, [&] { real_operator(g_real.member, #symbol) arguments; }); \
  }

extern "C" {

MEMPROF_NEW(_Znwm, new_plain, Hook::kNew)
MEMPROF_NEW(_Znam, new_array, Hook::kNewArray)
MEMPROF_NEW_NOTHROW(_ZnwmRKSt9nothrow_t, new_nothrow, Hook::kNew)
MEMPROF_NEW_NOTHROW(_ZnamRKSt9nothrow_t, new_array_nothrow, Hook::kNewArray)
MEMPROF_NEW_ALIGNED(_ZnwmSt11align_val_t, new_aligned, Hook::kNew)
MEMPROF_NEW_ALIGNED(_ZnamSt11align_val_t, new_array_aligned, Hook::kNewArray)
MEMPROF_NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, new_aligned_nothrow, Hook::kNew)
MEMPROF_NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, new_array_aligned_nothrow, Hook::kNewArray)

MEMPROF_DELETE(_ZdlPv, delete_plain, Hook::kDelete, (void* block), (block))
MEMPROF_DELETE(_ZdaPv, delete_array, Hook::kDeleteArray, (void* block), (block))
MEMPROF_DELETE(_ZdlPvm, delete_sized, Hook::kDelete, (void* block, std::size_t bytes), (block, bytes))
MEMPROF_DELETE(_ZdaPvm, delete_array_sized, Hook::kDeleteArray, (void* block, std::size_t bytes), (block, bytes))
MEMPROF_DELETE(_ZdlPvRKSt9nothrow_t, delete_nothrow, Hook::kDelete, (void* block, const std::nothrow_t& tag),
               (block, tag))
MEMPROF_DELETE(_ZdaPvRKSt9nothrow_t, delete_array_nothrow, Hook::kDeleteArray, (void* block, const std::nothrow_t& tag),
               (block, tag))
MEMPROF_DELETE(_ZdlPvSt11align_val_t, delete_aligned, Hook::kDelete, (void* block, std::align_val_t alignment),
               (block, alignment))
MEMPROF_DELETE(_ZdaPvSt11align_val_t, delete_array_aligned, Hook::kDeleteArray,
               (void* block, std::align_val_t alignment), (block, alignment))
MEMPROF_DELETE(_ZdlPvmSt11align_val_t, delete_sized_aligned, Hook::kDelete,
               (void* block, std::size_t bytes, std::align_val_t alignment), (block, bytes, alignment))
MEMPROF_DELETE(_ZdaPvmSt11align_val_t, delete_array_sized_aligned, Hook::kDeleteArray,
               (void* block, std::size_t bytes, std::align_val_t alignment), (block, bytes, alignment))
MEMPROF_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, delete_aligned_nothrow, Hook::kDelete,
               (void* block, std::align_val_t alignment, const std::nothrow_t& tag), (block, alignment, tag))
MEMPROF_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, delete_array_aligned_nothrow, Hook::kDeleteArray,
               (void* block, std::align_val_t alignment, const std::nothrow_t& tag), (block, alignment, tag))

}  // extern "C"
