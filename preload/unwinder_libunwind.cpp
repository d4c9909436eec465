// The portable backend: libunwind's unw_backtrace for every stack. Slow beside the rows and memo of the cfi backend,
// and not safe against a loader lock held elsewhere (dl_iterate_phdr), so only for machines the other does not know.
//
// libunwind is loaded with RTLD_LOCAL: as a plain dependency of a preloaded library it would put its _Unwind_*
// functions in front of libgcc's for the whole program. Its thread-local memory is then of the kind that is allocated
// on first touch, one small block a thread, which shows up in the profile with a stack that is cut short.

#include <dlfcn.h>

#include <atomic>

#include "preload/module_list.hpp"
#include "preload/stack_tree.hpp"
#include "preload/unwinder.hpp"

namespace memprof::preload {

namespace {

using Backtrace = int (*)(void**, int);
std::atomic<Backtrace> g_backtrace{nullptr};

constexpr int kNestedDepth = 128;  // on the handler's own stack, so few

/// libunwind may allocate (see above), and must not be entered again for that.
constinit thread_local bool g_walking = false;

int walk(void** addresses, int capacity) {
  g_walking = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const int count = g_backtrace.load(std::memory_order_acquire)(addresses, capacity);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  g_walking = false;
  return count;
}

[[gnu::constructor]] void load_libunwind() {
  void* const handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return;
  g_backtrace.store(reinterpret_cast<Backtrace>(dlsym(handle, "unw_backtrace")), std::memory_order_release);
}

wire::StackId intern_frames(void* const* addresses, int count, bool complete, const CallerRegisters& registers,
                            std::uint32_t max_depth, StackTree& stacks, ModuleList& modules) {
  // Frames of the library itself come first.
  int innermost = 0;
  while (innermost < count && reinterpret_cast<std::uintptr_t>(addresses[innermost]) != registers.return_address) {
    ++innermost;
  }
  wire::StackId stack = complete ? wire::kRootComplete : wire::kRootCutDepth;
  int outermost = count;
  if (static_cast<std::uint32_t>(count - innermost) > max_depth) {
    outermost = innermost + static_cast<int>(max_depth);
    stack = wire::kRootCutDepth;
  }
  for (int i = outermost; i-- > innermost;) {
    const auto address = reinterpret_cast<std::uintptr_t>(addresses[i]);
    if (address == 0) continue;
    stack = stacks.intern(stack, address | std::uint64_t{modules.module_of(address)} << 48);
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

wire::StackId capture_stack(ThreadUnwindState* state, const CallerRegisters& registers, std::uint32_t max_depth,
                            StackTree& stacks, ModuleList& modules, wire::Header&) {
  if (g_walking || g_backtrace.load(std::memory_order_acquire) == nullptr) return wire::kRootCutUnwind;
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

void note_unmapping() {}

}  // namespace memprof::preload
