// Leaky: the result of realloc is a local; the caller's pointer is set to another block.
#include <stdlib.h>

static void grow(char** buffer, size_t size) {
  char* bigger = realloc(*buffer, size);
  bigger[0] = 'x';
  *buffer = malloc(8);
}

int main(void) {
  char* buffer = malloc(10);
  grow(&buffer, 5000);
  free(buffer);
  return 0;
}
