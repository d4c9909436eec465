// Leaky: a message is formatted and dropped.
#include <stdio.h>

static int report(int code) {
  char* message = NULL;
  return asprintf(&message, "error %d", code);
}

int main(void) { return report(42) == 8 ? 0 : 1; }
