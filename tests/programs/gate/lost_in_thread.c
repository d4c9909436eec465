// Leaky: threads return blocks that nobody takes.
#include <pthread.h>
#include <stdlib.h>

static void* body(void* argument) {
  (void)argument;
  return malloc(24);
}

int main(void) {
  for (int i = 0; i < 4; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, NULL);  // the result is lost
  }
  return 0;
}
