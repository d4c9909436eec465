#include "preload/real_functions.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cstring>

#include "preload/loaded_object.hpp"

namespace memprof::preload {

RealFunctions g_real;
OperatorNew g_operator_new = OperatorNew::kRuntime;
AllocatorCode g_allocator;
GetAllocatorFigures* g_get_allocator_figures;

namespace {

enum State : int { kUnresolved, kResolving, kResolved };
std::atomic<int> g_state{kUnresolved};

template <typename Function>
void look_up(Function*& member, const char* symbol) {
  member = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

const char* base_name(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

bool is_cpp_runtime(const char* path) {
  const char* const name = base_name(path);
  return std::strncmp(name, "libstdc++.", 10) == 0 || std::strncmp(name, "libc++", 6) == 0;
}

/// libc's own malloc is called by the rest of libc too (strdup, fopen), which counts as the program's doing.
AllocatorCode find_allocator(const RealFunctions& functions) {
  LoadedObject object;
  if (!find_loaded_object(reinterpret_cast<std::uintptr_t>(functions.malloc), object)) return {};
  const char* const name = base_name(object.path);
  if (std::strncmp(name, "libc.", 5) == 0 || std::strncmp(name, "ld-musl", 7) == 0) return {};
  return {object.start, object.end - object.start};
}

OperatorNew classify(const RealFunctions& functions) {
  LoadedObject operator_new;
  LoadedObject allocator;
  if (functions.new_plain == nullptr ||
      !find_loaded_object(reinterpret_cast<std::uintptr_t>(functions.new_plain), operator_new) ||
      is_cpp_runtime(operator_new.path)) {
    return OperatorNew::kRuntime;
  }
  if (find_loaded_object(reinterpret_cast<std::uintptr_t>(functions.malloc), allocator) &&
      allocator.start == operator_new.start) {
    return OperatorNew::kAllocator;
  }
  return OperatorNew::kCustom;
}

}  // namespace

bool resolve_real_functions() {
  int expected = kUnresolved;
  if (!g_state.compare_exchange_strong(expected, kResolving)) return expected == kResolved;
  RealFunctions found{};
#define MEMPROF_HOOK(symbol, member, result, parameters) look_up(found.member, #symbol);
#include "preload/hooks.inc"
#undef MEMPROF_HOOK
  g_operator_new = classify(found);
  g_allocator = find_allocator(found);
  if (g_allocator.bytes == 0) look_up(g_get_allocator_figures, "mallinfo2");
  // `malloc` is what real_functions_ready() looks at, so it comes last.
  auto* const malloc_function = found.malloc;
  found.malloc = nullptr;
  g_real = found;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_release);
  g_real.malloc = malloc_function;
  g_state.store(kResolved, std::memory_order_release);
  return malloc_function != nullptr;
}

}  // namespace memprof::preload
