// Leaky: each round overwrites the only pointer to the block of the round before.
#include <stdlib.h>
#include <string.h>

static void work(int rounds) {
  char* text = NULL;
  for (int i = 0; i < rounds; ++i) {
    text = malloc(16);
    memset(text, 'x', 16);
  }
  free(text);
}

int main(void) {
  work(10);
  return 0;
}
