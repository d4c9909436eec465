// Leaky: strdup's copy is used once.
#include <stdlib.h>
#include <string.h>

static size_t length_of_copy(const char* text) { return strlen(strdup(text)); }

int main(void) { return length_of_copy("a copy that nobody frees") == 24 ? 0 : 1; }
