#include "preload/unwind_check.hpp"

#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <unwind.h>

#include <atomic>

#include "preload/process.hpp"
#include "preload/sys.hpp"

namespace memprof::preload {
namespace {

constexpr std::uint32_t kMostFrames = 4096;

/// libunwind's and libgcc's functions, found with dlopen(RTLD_LOCAL) so that libunwind's _Unwind_* do not get in front
/// of libgcc's.
struct Oracle {
  int (*backtrace)(void**, int);
  int (*get_context)(unw_context_t*);
  int (*init_local)(unw_cursor_t*, unw_context_t*);
  int (*step)(unw_cursor_t*);
  int (*get_register)(unw_cursor_t*, unw_regnum_t, unw_word_t*);
  decltype(&_Unwind_Backtrace) libgcc_backtrace;
  decltype(&_Unwind_GetIPInfo) libgcc_get_ip;
};
Oracle g_oracle;
std::atomic<bool> g_oracle_ready{false};

#define MEMPROF_QUOTE_EXPANDED(name) #name
#define MEMPROF_QUOTE(name) MEMPROF_QUOTE_EXPANDED(name)

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

[[gnu::constructor]] void load_oracle() {
  void* const library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  void* const libgcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr || libgcc == nullptr) return;
  g_oracle_ready = find(library, "unw_backtrace", g_oracle.backtrace) &&
                   find(library, MEMPROF_QUOTE(unw_tdep_getcontext), g_oracle.get_context) &&
                   find(library, MEMPROF_QUOTE(unw_init_local), g_oracle.init_local) &&
                   find(library, MEMPROF_QUOTE(unw_step), g_oracle.step) &&
                   find(library, MEMPROF_QUOTE(unw_get_reg), g_oracle.get_register) &&
                   find(libgcc, "_Unwind_Backtrace", g_oracle.libgcc_backtrace) &&
                   find(libgcc, "_Unwind_GetIPInfo", g_oracle.libgcc_get_ip);
}

/// Return addresses, innermost first.
struct Frames {
  std::uint32_t count;
  std::uintptr_t addresses[kMostFrames];
};

/// Too large for a stack; one comparison at a time.
Frames g_ours;
Frames g_theirs;
std::atomic<bool> g_buffers_taken{false};
/// libunwind allocates when it sees a file for the first time: these events aren't compared.
thread_local bool g_comparing = false;

wire::StackId read_ours(wire::StackId stack) {
  g_ours.count = 0;
  while (stack >= wire::kFirstNode && g_ours.count < kMostFrames) {
    g_ours.addresses[g_ours.count++] = g_region.nodes[stack].address();
    stack = g_region.nodes[stack].parent;
  }
  return stack;
}

void read_theirs_quickly() {
  const int count = g_oracle.backtrace(reinterpret_cast<void**>(g_theirs.addresses), kMostFrames);
  g_theirs.count = count < 0 ? 0 : static_cast<std::uint32_t>(count);
}

/// Without the cache of unw_backtrace, which keeps what it learned of a library that was unloaded since.
void read_theirs_slowly() {
  unw_context_t context;
  unw_cursor_t cursor;
  g_theirs.count = 0;
  g_oracle.get_context(&context);
  if (g_oracle.init_local(&cursor, &context) != 0) return;
  do {
    unw_word_t address = 0;
    if (g_oracle.get_register(&cursor, UNW_REG_IP, &address) != 0 || address == 0) return;
    g_theirs.addresses[g_theirs.count++] = address;
  } while (g_theirs.count < kMostFrames && g_oracle.step(&cursor) > 0);
}

_Unwind_Reason_Code take_libgcc_frame(_Unwind_Context* context, void*) {
  int exact = 0;
  const std::uintptr_t address = g_oracle.libgcc_get_ip(context, &exact);
  if (address == 0 || g_theirs.count == kMostFrames) return _URC_END_OF_STACK;
  g_theirs.addresses[g_theirs.count++] = address + (exact != 0 ? 1 : 0);
  return _URC_NO_REASON;
}

void read_libgccs() {
  g_theirs.count = 0;
  g_oracle.libgcc_backtrace(take_libgcc_frame, nullptr);
}

/// Compares from the hook's caller outwards. A frame that was interrupted by a signal has 1 added in our stacks.
bool same(const CallerRegisters& registers, bool ours_is_cut) {
  while (g_theirs.count > 0 && g_theirs.addresses[g_theirs.count - 1] == 0) --g_theirs.count;
  std::uint32_t skipped = 0;
  while (skipped < g_theirs.count && g_theirs.addresses[skipped] != registers.return_address) ++skipped;
  const std::uint32_t count = g_theirs.count - skipped;
  const bool theirs_is_cut = g_theirs.count == kMostFrames;
  if (count < g_ours.count ? !theirs_is_cut : count > g_ours.count && !ours_is_cut) return false;
  for (std::uint32_t i = 0; i < g_ours.count && i < count; ++i) {
    const std::uintptr_t theirs = g_theirs.addresses[skipped + i];
    if (g_ours.addresses[i] != theirs && (i == 0 || g_ours.addresses[i] != theirs + 1)) return false;
  }
  return true;
}

}  // namespace

/// For a debugger: the first stacks that differed.
struct UnwindDifference {
  CallerRegisters registers;
  wire::StackId root;
  std::uint32_t ours_count;
  std::uint32_t theirs_count;
  std::uintptr_t ours[64];
  std::uintptr_t theirs[64];
};
extern UnwindDifference g_unwind_differences[8];
UnwindDifference g_unwind_differences[8];

namespace {

void keep_difference(const CallerRegisters& registers, wire::StackId root, std::uint64_t index) {
  if (index >= 8) return;
  UnwindDifference& kept = g_unwind_differences[index];
  kept.registers = registers;
  kept.root = root;
  kept.ours_count = g_ours.count;
  kept.theirs_count = g_theirs.count;
  for (std::uint32_t i = 0; i < 64 && i < g_ours.count; ++i) kept.ours[i] = g_ours.addresses[i];
  for (std::uint32_t i = 0; i < 64 && i < g_theirs.count; ++i) kept.theirs[i] = g_theirs.addresses[i];
}

}  // namespace

wire::StackId checked(wire::StackId stack, const CallerRegisters& registers, wire::Header& header) {
  if (g_comparing || stack == wire::kRootLost || !g_oracle_ready.load(std::memory_order_acquire)) return stack;
  g_comparing = true;
  while (g_buffers_taken.exchange(true, std::memory_order_acquire)) sys::call(SYS_sched_yield);
  const wire::StackId root = read_ours(stack);
  const bool cut = root == wire::kRootCutDepth || g_ours.count == kMostFrames;
  void (*const oracles[])() = {read_theirs_quickly, read_theirs_slowly, read_libgccs};
  bool agreed = false;
  for (auto* const read_theirs : oracles) {
    read_theirs();
    agreed = same(registers, cut);
    if (agreed) break;
  }
  if (!agreed) keep_difference(registers, root, header.unwind_differences.fetch_add(1, std::memory_order_relaxed));
  header.unwind_checked.fetch_add(1, std::memory_order_relaxed);
  g_buffers_taken.store(false, std::memory_order_release);
  g_comparing = false;
  return stack;
}

}  // namespace memprof::preload
