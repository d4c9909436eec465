// Ranges that a program maps itself, in every way, by several threads and by a signal handler that interrupts them.
// Next to them what must not be counted: large blocks of malloc (which libc maps), stacks of threads, a library.
//
// Expected: the mapped totals as counted, the peak apart; the heap's do not change by what is mapped.

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "tests/programs/counted.h"

enum { kPage = 4096, kThreads = 4, kRounds = 2000 };

static size_t whole_pages(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

static char* map(void* address, size_t bytes, int flags) {
  void* start = mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (start == MAP_FAILED) {
    raise_count(&counts.failed_allocations, 1);
    return NULL;
  }
  raise_count(&counts.allocations, 1);
  raise_count(&counts.allocated_bytes, whole_pages(bytes));
  return start;
}

static void unmap(char* start, size_t bytes) {
  raise_count(&counts.frees, 1);
  raise_count(&counts.freed_bytes, whole_pages(bytes));
  if (munmap(start, bytes) != 0) abort();
}

static char* remap(char* start, size_t old_bytes, size_t bytes, int flags, void* target) {
  char* moved = mremap(start, old_bytes, bytes, flags, target);
  if (moved == MAP_FAILED) {
    raise_count(&counts.failed_allocations, 1);
    return NULL;
  }
  raise_count(&counts.frees, 1);
  raise_count(&counts.freed_bytes, whole_pages(old_bytes));
  raise_count(&counts.allocations, 1);
  raise_count(&counts.allocated_bytes, whole_pages(bytes));
  return moved;
}

static void every_call(void) {
  char* whole = map(NULL, 10 * kPage - 1, 0);
  // A part of it goes: bytes, but no block.
  raise_count(&counts.freed_bytes, 2 * kPage);
  if (munmap(whole + 4 * kPage, 2 * kPage) != 0) abort();
  // One page in place of another.
  raise_count(&counts.freed_bytes, kPage);
  if (map(whole + kPage, kPage, MAP_FIXED) != whole + kPage) abort();
  raise_count(&counts.frees, 2);
  raise_count(&counts.freed_bytes, 8 * kPage);
  if (munmap(whole, 10 * kPage) != 0) abort();

  char* moving = map(NULL, 3 * kPage, 0);
  moving = remap(moving, 3 * kPage, 64 * kPage, MREMAP_MAYMOVE, NULL);
  moving = remap(moving, 64 * kPage, 2 * kPage, 0, NULL);
  char* target = map(NULL, 8 * kPage, 0);
  raise_count(&counts.freed_bytes, 2 * kPage);
  moving = remap(moving, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  if (moving != target) abort();
  unmap(moving, 2 * kPage);
  unmap(target + 2 * kPage, 6 * kPage);

  // What fails keeps errno and counts as failed, or not at all.
  errno = 0;
  if (map(NULL, 0, 0) != NULL || errno != EINVAL) abort();
  char* one = map(NULL, kPage, 0);
  errno = 0;
  if (remap(one, kPage, (size_t)1 << 60, 0, NULL) != NULL || errno == 0) abort();  // EINVAL or ENOMEM
  errno = 0;
  if (munmap(one + 1, kPage) != -1 || errno != EINVAL) abort();
  if (munmap(one, 0) != -1 || errno != EINVAL) abort();
  errno = 77;
  unmap(one, kPage);
  if (errno != 77) abort();

  char* end = sbrk(5000);
  if (end == (char*)-1) abort();
  counted(end, 5000);
  counts.freed_bytes += 1000;
  if (sbrk(-1000) != end + 5000) abort();
  counts.freed_bytes += 4000;
  counts.frees += 1;
  if (brk(end) != 0) abort();
}

static void on_alarm(int signal) {
  (void)signal;
  int saved = errno;
  unmap(map(NULL, 2 * kPage, 0), 2 * kPage);
  errno = saved;
}

static void* map_and_unmap(void* argument) {
  for (int round = 0; round < kRounds; ++round) {
    char* start = map(NULL, kPage * (1 + round % 7), 0);
    start[0] = 1;
    start = remap(start, kPage * (1 + round % 7), kPage * (1 + round % 11), MREMAP_MAYMOVE, NULL);
    unmap(start, kPage * (1 + round % 11));
  }
  return argument;
}

int main(void) {
  every_call();
  // None of these is the program's own mapping.
  free(opaque(malloc(64 << 20)));
  void* library = dlopen("libm.so.6", RTLD_NOW);
  if (library != NULL) dlclose(library);

  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct itimerval often = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
  if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &often, NULL) != 0) abort();
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, map_and_unmap, NULL);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  struct itimerval never = {};
  setitimer(ITIMER_REAL, &never, NULL);

  map(NULL, 7 * kPage, 0)[0] = 1;  // stays
  report_counts();
  return 0;
}
