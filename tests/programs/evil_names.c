// A program whose thread has a name that would control a terminal.

#include <pthread.h>
#include <sys/prctl.h>

#include "tests/programs/counted.h"

static void allocate(void) {
  for (int i = 0; i < 100; ++i) opaque(malloc(100));
}

static void* run(void* argument) {
  prctl(PR_SET_NAME, "\x1b[1mbad\x07\n");
  allocate();
  return argument;
}

int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return 0;
}
