// Clean: what atexit handlers and destructor functions free after main().
#include <stdlib.h>

static void *first, *second;

static void free_first(void) { free(first); }
__attribute__((destructor)) static void free_second(void) { free(second); }

int main(void) {
  first = malloc(100);
  second = malloc(200);
  return atexit(free_first);
}
