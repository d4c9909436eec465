// Leaky: the error path forgets what was allocated before it.
#include <stdlib.h>

static int convert(int value) {
  int* table = calloc(16, sizeof *table);
  if (value < 0) return -1;
  table[value % 16] = value;
  const int result = table[value % 16];
  free(table);
  return result;
}

int main(void) { return convert(3) == 3 && convert(-3) == -1 ? 0 : 1; }
