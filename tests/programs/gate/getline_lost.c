// Leaky: getline allocates a line for each call, because the pointer is null again.
#include <stdio.h>
#include <stdlib.h>

static int count_lines(FILE* file) {
  int lines = 0;
  while (1) {
    char* line = NULL;
    size_t size = 0;
    if (getline(&line, &size, file) < 0) {
      free(line);
      return lines;
    }
    ++lines;
  }
}

int main(void) {
  char text[] = "one\ntwo\nthree\n";
  FILE* file = fmemopen(text, sizeof text - 1, "r");
  const int lines = count_lines(file);
  fclose(file);
  return lines == 3 ? 0 : 1;
}
