// The portable backend: libunwind's unw_backtrace for every stack. Slow beside the rows and memo of the cfi backend,
// and not safe against a loader lock held elsewhere (dl_iterate_phdr), so only for machines the other does not know.
//
// libunwind is loaded with RTLD_LOCAL: as a plain dependency of a preloaded library it would put its _Unwind_*
// functions in front of libgcc's for the whole program. So its thread-local memory is of the kind that is allocated on
// first touch, by the loader with the program's malloc. Such blocks are recorded as those of a paused thread are:
// known, so that their frees make sense, and in no figure.

#include <dlfcn.h>
#include <signal.h>

#include <atomic>
#include <cerrno>

#include "preload/loaded_object.hpp"
#include "preload/module_list.hpp"
#include "preload/stack_tree.hpp"
#include "preload/sys.hpp"
#include "preload/thread_state.hpp"
#include "preload/unwinder.hpp"

namespace memprof::preload {

namespace {

using Backtrace = int (*)(void**, int);
std::atomic<Backtrace> g_backtrace{nullptr};
LoadedObject g_libunwind;

constexpr int kNestedDepth = 128;  // on the handler's own stack, so few

constinit thread_local bool g_walking = false;
constinit thread_local bool g_has_walked = false;

/// What the calling thread allocates as long as this lives is not the program's. No signal handler is: what it
/// allocates would pass for ours.
class OwnAllocations {
 public:
  OwnAllocations() { pause_counting(); }
  ~OwnAllocations() { resume_counting(); }
  OwnAllocations(const OwnAllocations&) = delete;
  OwnAllocations& operator=(const OwnAllocations&) = delete;

 private:
  sys::SignalsBlocked no_signals_;
};

/// libunwind keeps whole register sets and rows of rules on the stack that it walks.
constexpr std::uintptr_t kStackNeeded = std::uintptr_t{32} << 10;

/// An alternate signal stack is often just large enough for its handler.
bool has_stack_for_walk() {
  stack_t alternate{};
  if (sys::call(SYS_sigaltstack, 0, sys::as_long(&alternate)) != 0 || (alternate.ss_flags & SS_ONSTACK) == 0) {
    return true;
  }
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return here - reinterpret_cast<std::uintptr_t>(alternate.ss_sp) >= kStackNeeded;
}

int walk(void** addresses, int capacity) {
  const Backtrace backtrace = g_backtrace.load(std::memory_order_acquire);
  const int kept_errno = errno;  // its looks at memory that may be unreadable are system calls
  g_walking = true;              // a signal handler must not enter libunwind again
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(!g_has_walked, 0)) {
    const OwnAllocations own;
    void* first = nullptr;
    backtrace(&first, 1);
    g_has_walked = true;
  }
  const int count = backtrace(addresses, capacity);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  g_walking = false;
  errno = kept_errno;
  return count;
}

/// As in wire::StackNode. Where instructions are aligned, libunwind hands out "return address minus one" itself.
std::uintptr_t frame_address(const void* found) {
#if defined(__aarch64__)
  return reinterpret_cast<std::uintptr_t>(found) + 1;
#else
  return reinterpret_cast<std::uintptr_t>(found);
#endif
}

[[gnu::constructor]] void load_libunwind() {
  const OwnAllocations own;
  void* const handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return;
  void* const backtrace = dlsym(handle, "unw_backtrace");
  find_loaded_object(reinterpret_cast<std::uintptr_t>(backtrace), g_libunwind);
  g_backtrace.store(reinterpret_cast<Backtrace>(backtrace), std::memory_order_release);
}

wire::StackId intern(StackTree& stacks, ModuleList& modules, wire::StackId caller, std::uintptr_t address) {
  return stacks.intern(caller, address | std::uint64_t{modules.module_of(address)} << 48);
}

wire::StackId intern_frames(void* const* addresses, int count, bool complete, const CallerRegisters& registers,
                            std::uint32_t max_depth, StackTree& stacks, ModuleList& modules) {
  // Frames of the library itself come first.
  int innermost = 0;
  while (innermost < count && frame_address(addresses[innermost]) != registers.return_address) ++innermost;
  wire::StackId stack = complete ? wire::kRootComplete : wire::kRootCutDepth;
  int outermost = count;
  if (static_cast<std::uint32_t>(count - innermost) > max_depth) {
    outermost = innermost + static_cast<int>(max_depth);
    stack = wire::kRootCutDepth;
  }
  for (int i = outermost; i-- > innermost;) {
    if (addresses[i] == nullptr) continue;
    stack = intern(stacks, modules, stack, frame_address(addresses[i]));
  }
  return stack;
}

}  // namespace

struct ThreadUnwindState {
  std::size_t capacity;

  /// The addresses follow the state in memory.
  void** addresses() { return reinterpret_cast<void**>(this + 1); }
};

ThreadUnwindState* make_thread_unwind_state(void* zeroed_memory, std::size_t bytes) {
  auto* const state = static_cast<ThreadUnwindState*>(zeroed_memory);
  state->capacity = (bytes - sizeof(ThreadUnwindState)) / sizeof(void*);
  return state;
}

void reset(ThreadUnwindState&) {}

KnownStacks* known_stacks(ThreadUnwindState&) { return nullptr; }

wire::StackId walk_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                         StackTree& stacks, ModuleList& modules, wire::Header&) {
  if (g_walking || g_backtrace.load(std::memory_order_acquire) == nullptr || !has_stack_for_walk()) {
    return intern(stacks, modules, wire::kRootCutUnwind, registers.return_address);
  }
  if (state == nullptr) {
    void* addresses[kNestedDepth];
    const int count = walk(addresses, kNestedDepth);
    return intern_frames(addresses, count, count < kNestedDepth, registers, max_depth, stacks, modules);
  }
  const std::size_t wanted = std::size_t{max_depth} + 16;  // the library's own frames
  const int capacity = static_cast<int>(wanted < state->capacity ? wanted : state->capacity);
  const int count = walk(state->addresses(), capacity);
  return intern_frames(state->addresses(), count, count < capacity, registers, max_depth, stacks, modules);
}

wire::StackId capture_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                            StackTree& stacks, ModuleList& modules, wire::Header& header) {
  return walk_stack(state, registers, max_depth, stacks, modules, header);
}

void note_unmapping() {}

bool is_unwinders_own(std::uintptr_t return_address) {
  return return_address - g_libunwind.start < g_libunwind.end - g_libunwind.start;
}

}  // namespace memprof::preload
