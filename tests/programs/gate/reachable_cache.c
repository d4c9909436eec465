// Unfreed but reachable: a table that a global points to until the end. Fails until the heap scan can tell.
#include <stdlib.h>
#include <string.h>

static char* names[64];

static const char* name_of(int number) {
  if (names[number % 64] == NULL) names[number % 64] = strdup("name");
  return names[number % 64];
}

int main(void) {
  size_t total = 0;
  for (int i = 0; i < 100; ++i) total += strlen(name_of(i));
  return total == 400 ? 0 : 1;
}
