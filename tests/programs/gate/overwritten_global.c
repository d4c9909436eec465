// Leaky: a global is set twice and freed once.
#include <stdlib.h>

static char* configuration;

static void load(size_t size) { configuration = malloc(size); }

int main(void) {
  load(100);
  load(200);
  free(configuration);
  return 0;
}
