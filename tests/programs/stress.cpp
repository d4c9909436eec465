// Everything at once, for as many seconds as the first argument says: all allocation functions on blocks that threads
// take from each other, threads that come and go with thread-local data, children of fork, vfork and posix_spawn, fork
// inside signal handlers, a plug-in (second argument: its file) that is loaded and unloaded, fibers, exceptions,
// recursion, and timers' signals in the middle of it all, whose handlers allocate. The third argument seeds the
// choices.
//
// With an allocator without locks (pool_malloc.c; STRESS_ANYWHERE is defined) the handlers interrupt hooks and
// allocator anywhere. The C library's must not be interrupted by itself, so there they come between the steps.
//
// Expected: status 0; `own` figures as counted, nothing dropped; for each child that prints a line, a profile that says
// the same; of the program's own blocks none is live at the end.

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include <new>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

extern char** environ;

namespace {

#if defined(STRESS_ANYWHERE)
constexpr bool kAnywhere = true;
#else
constexpr bool kAnywhere = false;
#endif

constexpr int kWorkers = 2;
constexpr int kSlots = 256;
constexpr std::size_t kFiberStackBytes = 64 << 10;

using Block = std::size_t;  // begins with its own size

// Whoever exchanges a block out of its slot owns it.
Block* slots[kSlots];
count_t exceptions_caught, seed, signals_taken, children, threads_started, plugin_loads, inherited_frees;
const char* plugin_file;
time_t deadline_s;
thread_local uint64_t handlers_random = 88172645463325252u;
thread_local ucontext_t worker_context, fiber_context;

void must(bool condition) {
  if (!condition) abort();
}

bool time_is_left() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec < deadline_s;
}

bool one_in(uint64_t times, uint64_t& random) { return next_random(&random) % times == 0; }

// Few sizes mostly, so that an address comes back at once; some odd ones; now and then one that is mapped by itself.
std::size_t some_size(uint64_t& random) {
  const uint64_t dice = next_random(&random) % 10000;
  if (dice < 6000) return 16 + dice / 1000 * 16;
  return dice < 9997 ? sizeof(Block) + dice / 4 : 3'000'000;
}

Block* marked(void* memory, std::size_t bytes) {
  must(memory != nullptr);
  auto* block = static_cast<Block*>(memory);
  *block = bytes;
  return block;
}

Block* made(void* memory, std::size_t bytes) { return marked(counted(opaque(memory), bytes), bytes); }

Block* allocate(uint64_t& random) {
  const std::size_t bytes = some_size(random);
  void* memory = nullptr;
  switch (next_random(&random) % 8) {
    case 0:
      return made(calloc(1, bytes), bytes);
    case 1:
      must(posix_memalign(&memory, 64, bytes) == 0);
      return made(memory, bytes);
    case 2:
      return made(memalign(128, bytes), bytes);
    case 3:
      return made(reallocarray(nullptr, bytes, 1), bytes);
    default:
      return made(malloc(bytes), bytes);
  }
}

void release(Block* block) { counted_free(block, *block); }

Block* resize(Block* block, uint64_t& random) {
  if (one_in(64, random)) must(!counted(realloc(opaque(block), opaque_size(SIZE_MAX / 2)), 0));  // it stays as it is
  const std::size_t bytes = some_size(random);
  return marked(counted_realloc(block, *block, bytes), bytes);
}

void exchange_a_slot(uint64_t& random) {
  Block** slot = &slots[next_random(&random) % kSlots];
  Block* block = __atomic_exchange_n(slot, nullptr, __ATOMIC_ACQ_REL);
  if (!block) {
    block = allocate(random);
  } else if (one_in(3, random)) {
    block = resize(block, random);
  } else {
    release(block);
    block = nullptr;
  }
  if (!block) return;
  block = __atomic_exchange_n(slot, block, __ATOMIC_ACQ_REL);
  if (block) release(block);
}

void use_operators() {
  constexpr std::align_val_t kAlignment{64};
  count_free(40);
  ::operator delete(counted(opaque(::operator new(40)), 40));
  count_free(50);
  ::operator delete[](counted(opaque(::operator new[](50, kAlignment)), 50), kAlignment);
}

[[gnu::noinline]] void recurse(int depth, uint64_t& random) {
  if (depth > 0) {
    recurse(depth - 1, random);
  } else {
    exchange_a_slot(random);
  }
  opaque(&depth);
}

[[gnu::noinline]] void throw_from(int depth, uint64_t& random) {
  struct Holder {
    Block* block;
    ~Holder() { release(block); }
  } holder{allocate(random)};
  if (depth == 0) throw depth;
  throw_from(depth - 1, random);
  opaque(&holder);
}

void catch_exception(uint64_t& random) {
  try {
    throw_from(4, random);
  } catch (int) {
  }
  raise_count(&exceptions_caught, 1);
}

/// libstdc++ allocates exceptions by a call, and frees them by a jump out of the function that the catching one has
/// called: so it is the latter that frees.
void report_own(struct report* report) {
  counts.frees += exceptions_caught;
  counts.freed_bytes += exceptions_caught * (kExceptionHeaderBytes + sizeof(int));
  report_number(report, "pid", count_t(getpid()));
  report_number(report, "allocations", counts.allocations);
  report_number(report, "frees", counts.frees);
  report_number(report, "allocated_bytes", counts.allocated_bytes);
  report_number(report, "freed_bytes", counts.freed_bytes);
  report_number(report, "failed_allocations", counts.failed_allocations);
}

void fiber_body() {
  uint64_t random = 7;
  for (;;) {
    recurse(5, random);
    swapcontext(&fiber_context, &worker_context);
  }
}

void visit_fiber() {
  void* stack = counted(opaque(malloc(kFiberStackBytes)), kFiberStackBytes);
  getcontext(&fiber_context);
  fiber_context.uc_stack.ss_sp = stack;
  fiber_context.uc_stack.ss_size = kFiberStackBytes;
  makecontext(&fiber_context, fiber_body, 0);
  swapcontext(&worker_context, &fiber_context);
  swapcontext(&worker_context, &fiber_context);
  counted_free(stack, kFiberStackBytes);
}

void load_plugin() {
  void* plugin = dlopen(plugin_file, RTLD_NOW | RTLD_LOCAL);
  must(plugin != nullptr);
  void* (*entry)(std::size_t) = nullptr;
  void (*leave)(void*) = nullptr;
  *reinterpret_cast<void**>(&entry) = dlsym(plugin, "plugin_entry");
  *reinterpret_cast<void**>(&leave) = dlsym(plugin, "plugin_leave");
  must(entry != nullptr && leave != nullptr);
  leave(entry(100));
  raise_count(&plugin_loads, 1);
  dlclose(plugin);
}

struct Owner {
  ~Owner() {
    release(block);
    use_operators();
  }
  Block* block = nullptr;
};
thread_local Owner owner;

void* short_thread(void* argument) {
  uint64_t random = reinterpret_cast<uintptr_t>(argument) + 11;
  owner.block = allocate(random);
  for (int i = 0; i < 50; ++i) exchange_a_slot(random);
  return nullptr;
}

/// What a child of fork does: one in 40 enough to get a profile of its own, which it tells what to say.
[[noreturn]] void be_a_child(uint64_t& random) {
  memset(&counts, 0, sizeof counts);
  exceptions_caught = inherited_frees = 0;
  for (int i = 0; i < kSlots; i += 8) {
    if (Block* block = __atomic_exchange_n(&slots[i], nullptr, __ATOMIC_ACQ_REL)) {
      raise_count(&inherited_frees, 1);
      free(block);
    }
  }
  const bool reports = one_in(40, random);
  for (int i = 0; i < (reports ? 1200 : 20); ++i) {
    Block* block = resize(allocate(random), random);
    if (i % 3 != 0) release(block);
  }
  if (reports) {
    struct report report = {};
    report_own(&report);
    report_number(&report, "inherited_frees", inherited_frees);
    report_end(&report);
  }
  _exit(0);
}

void wait_for(pid_t child) {
  int status = 0;
  pid_t ended;
  while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) continue;
  must(ended == child && status == 0);
  raise_count(&children, 1);
}

void fork_a_child(pid_t (*fork_function)(), uint64_t& random) {
  const pid_t child = fork_function();
  if (child == 0) be_a_child(random);
  wait_for(child);
}

void start_a_program(uint64_t& random) {
  char* const arguments[] = {const_cast<char*>("true"), nullptr};
  pid_t child;
  if (one_in(2, random)) {
    must(posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) == 0);
  } else {
    child = vfork();
    if (child == 0) {
      counted_free(counted(opaque(malloc(66)), 66), 66);  // the parent's, in whose memory it is
      execv("/bin/true", arguments);
      _exit(127);
    }
  }
  wait_for(child);
}

void step(uint64_t& random) {
  const uint64_t dice = next_random(&random) % 100'000;
  if (dice == 0) return fork_a_child(fork, random);
  if (dice == 1) return start_a_program(random);
  if (dice < 5) {
    raise_count(&threads_started, 4);
    return run_threads(4, short_thread);
  }
  if (dice < 15) return load_plugin();
  if (dice < 200) return visit_fiber();
  if (dice < 400) return catch_exception(random);
  if (dice < 600) return recurse(200, random);
  if (dice < 10'000) return use_operators();
  exchange_a_slot(random);
}

void on_signal(int) {
  const int saved = errno;
  raise_count(&signals_taken, 1);
  exchange_a_slot(handlers_random);
  use_operators();
  if (kAnywhere && one_in(2000, handlers_random)) fork_a_child(_Fork, handlers_random);
  errno = saved;
}

sigset_t both_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigaddset(&set, SIGVTALRM);
  return set;
}

void change_mask(int how) {
  const sigset_t set = both_signals();
  pthread_sigmask(how, &set, nullptr);
}

void handle(int number, int flags) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART | flags;
  if (!kAnywhere) action.sa_mask = both_signals();
  must(sigaction(number, &action, nullptr) == 0);
}

void* worker(void* argument) {
  static char alternate_stacks[kWorkers][64 << 10];
  const auto number = reinterpret_cast<uintptr_t>(argument);
  uint64_t random = (number + 1) * 0x9E3779B97F4A7C15u + seed;
  handlers_random += number;
  stack_t stack{};
  stack.ss_sp = alternate_stacks[number];
  stack.ss_size = sizeof alternate_stacks[number];
  must(sigaltstack(&stack, nullptr) == 0);
  while (time_is_left()) {
    if (!kAnywhere) change_mask(SIG_BLOCK);
    for (int i = 0; i < 100; ++i) step(random);
    if (!kAnywhere) change_mask(SIG_UNBLOCK);
  }
  change_mask(SIG_BLOCK);
  return nullptr;
}

void set_timers(long interval_us) {
  const itimerval often{{0, interval_us}, {0, interval_us}};
  must(setitimer(ITIMER_REAL, &often, nullptr) == 0);
  must(setitimer(ITIMER_VIRTUAL, &often, nullptr) == 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  deadline_s = now.tv_sec + strtol(argv[1], nullptr, 10);
  plugin_file = argv[2];
  seed = argc > 3 ? strtoul(argv[3], nullptr, 10) : 0;
  handle(SIGALRM, 0);
  handle(SIGVTALRM, SA_ONSTACK);

  if (!kAnywhere) change_mask(SIG_BLOCK);  // for this thread, which starts and joins
  set_timers(300);
  run_threads(kWorkers, worker);
  set_timers(0);
  change_mask(SIG_BLOCK);
  for (Block* block : slots) {
    if (block) release(block);
  }
  const bool all_freed = counts.allocations == counts.frees;
  struct report report = {};
  report_own(&report);
  report_number(&report, "live_blocks", 0);
  report_number(&report, "signals", signals_taken);
  report_number(&report, "children", children);
  report_number(&report, "threads", threads_started);
  report_number(&report, "plug-in loads", plugin_loads);
  report_end(&report);
  return all_freed && signals_taken > 0 ? 0 : 1;
}
