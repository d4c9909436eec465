/* A cache that fills in the first rounds, and stays. */

#include <memprof/memprof.h>
#include <stdlib.h>

enum { kSlots = 4, kRounds = 40 };

int main(void) {
  void* cache[kSlots] = {0};
  for (int round = 0; round < kRounds; ++round) {
    free(cache[round % kSlots]);
    cache[round % kSlots] = malloc(64);
    memprof_tick();
  }
  for (int slot = 0; slot < kSlots; ++slot) free(cache[slot]);
  return 0;
}
