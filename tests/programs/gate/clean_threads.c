// Clean: threads that are joined, one that is detached and waited for, and their specific data.
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static pthread_key_t key;
static sem_t done;

static void* body(void* argument) {
  pthread_setspecific(key, malloc(64));
  if (argument != NULL) sem_post(argument);
  return malloc(32);
}

static void* detached(void* semaphore) {
  free(malloc(128));
  sem_post(semaphore);
  return NULL;
}

int main(void) {
  pthread_key_create(&key, free);
  sem_init(&done, 0, 0);
  for (int i = 0; i < 8; ++i) {
    pthread_t thread;
    void* result = NULL;
    pthread_create(&thread, NULL, body, NULL);
    pthread_join(thread, &result);
    free(result);
  }
  pthread_t thread;
  pthread_create(&thread, NULL, detached, &done);
  pthread_detach(thread);
  sem_wait(&done);
  return 0;
}
