// Clean: a buffer that realloc grows, moves and shrinks.
#include <stdlib.h>
#include <string.h>

int main(void) {
  size_t size = 16, used = 0;
  char* buffer = malloc(size);
  for (int i = 0; i < 100000; ++i) {
    if (used == size) buffer = realloc(buffer, size *= 2);
    buffer[used++] = 'x';
  }
  buffer = realloc(buffer, used);
  const int all = memchr(buffer, 'y', used) == NULL;
  free(buffer);
  return all ? 0 : 1;
}
