// Finds memprof's shared memory among its own mappings and writes random bytes all over the parts of it that are in use
// while its other thread allocates, then ends by itself, whatever its threads are waiting for: scribbler SEED.
//
// Expected: memprof ends with the program's status and writes a profile that is partial.

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "tests/programs/counted.h"
#include "wire/region.hpp"

namespace {

uint64_t state;

uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void leave(int signal) {
  (void)signal;
  _exit(7);
}

void* allocate(void* argument) {
  for (;;) free(opaque(malloc(100)));
  return argument;
}

/// The region's place; 0: this program is not profiled.
std::uintptr_t find_region() {
  static char maps[1 << 18];
  int file = open("/proc/self/maps", O_RDONLY);
  size_t used = 0;
  for (ssize_t got; used < sizeof maps - 1 && (got = read(file, maps + used, sizeof maps - 1 - used)) > 0;) {
    used += (size_t)got;
  }
  close(file);
  char* name = strstr(maps, "/memfd:memprof");
  if (name == nullptr) return 0;
  while (name > maps && name[-1] != '\n') --name;
  unsigned long start = 0, end = 0;
  if (sscanf(name, "%lx-%lx", &start, &end) != 2) return 0;
  return start;
}

struct Part {
  std::uint64_t offset, bytes;
};

}  // namespace

int main(int count, char** arguments) {
  state = 0x9e3779b97f4a7c15u * (count > 1 ? strtoul(arguments[1], nullptr, 10) + 1 : 1);
  struct sigaction action = {};
  action.sa_handler = leave;
  itimerval soon = {};
  soon.it_value.tv_usec = 150000;
  if (sigaction(SIGALRM, &action, nullptr) != 0 || setitimer(ITIMER_REAL, &soon, nullptr) != 0) return 1;
  free(opaque(malloc(1000)));
  const std::uintptr_t region = find_region();
  pthread_t thread;
  pthread_create(&thread, nullptr, allocate, nullptr);
  while (region == 0) pause();  // not profiled
  using namespace memprof::wire;
  const Header& header = *reinterpret_cast<const Header*>(region);
  const Part parts[] = {{offsetof(Header, doorbell), sizeof(Header) - offsetof(Header, doorbell)},
                        {header.rings_offset, 8 * sizeof(RingHeader)},
                        {header.modules_offset, 16 * sizeof(ModuleRecord)},
                        {header.paths_offset, 4096},
                        {header.nodes_offset, 4096 * sizeof(StackNode)},
                        {header.records_offset, 4 * header.ring_records * sizeof(Record)}};
  for (;;) {
    const Part& part = parts[next_random() % 6];
    const std::uint64_t value = next_random() % 2 == 0 ? next_random() : next_random() % 1000;
    *reinterpret_cast<volatile std::uint64_t*>(region + part.offset + next_random() % (part.bytes / 8) * 8) = value;
  }
}
