// One thread loads and unloads two plug-ins (arguments: their files, how often) without a pause and looks for symbols
// that are not there; the others allocate, throw their stacks at the unwinder at many depths, and fork.
//
// Expected: no deadlock, status 0; totals of this file as counted.

#include <dlfcn.h>
#include <sys/wait.h>

#include "tests/programs/counted.h"
#include "tests/programs/threads.h"

enum { kThreads = 4, kChildren = 4 };

static long loads = 150;

static char** files;
static int stop;

__attribute__((noinline)) static void at_depth(int depth, size_t bytes) {
  if (depth > 0) {
    at_depth(depth - 1, bytes);
    opaque(&depth);
    return;
  }
  void* block = counted(opaque(malloc(bytes)), bytes);
  block = counted_realloc(block, bytes, 2 * bytes);
  counted_free(block, 2 * bytes);
}

static void load(void) {
  for (long i = 0; i < loads; ++i) {
    void* plugin = dlopen(files[i % 2], i % 3 ? RTLD_NOW : RTLD_LAZY);
    if (!plugin) abort();
    void* (*entry)(size_t) = NULL;
    void (*leave)(void*) = NULL;
    *(void**)&entry = dlsym(plugin, "plugin_entry");
    *(void**)&leave = dlsym(plugin, "plugin_leave");
    if (dlsym(plugin, "no_such_symbol") || !dlerror()) abort();
    leave(entry(100));
    dlclose(plugin);
  }
  __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
}

static void* body(void* argument) {
  uint64_t random = (uintptr_t)argument + 1;
  if (argument == NULL) {
    load();
    return NULL;
  }
  while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) at_depth((int)(next_random(&random) % 40), 24);
  return NULL;
}

static void* forks(void* argument) {
  for (int i = 0; i < kChildren; ++i) {
    pid_t child = fork();
    if (child == 0) {
      at_depth(5, 10);
      _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) abort();
  }
  return argument;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3) loads = strtol(argv[3], NULL, 10);
  files = argv + 1;
  pthread_t forking;
  if (pthread_create(&forking, NULL, forks, NULL) != 0) return 3;
  run_threads(kThreads, body);
  pthread_join(forking, NULL);
  report_counts();
  return 0;
}
