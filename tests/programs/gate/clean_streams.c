// Clean: files that are closed, lines that are freed, and standard output, whose buffer the C library keeps.
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  FILE* file = tmpfile();
  for (int i = 0; i < 1000; ++i) fprintf(file, "line %d\n", i);
  rewind(file);
  char* line = NULL;
  size_t size = 0;
  int lines = 0;
  while (getline(&line, &size, file) >= 0) ++lines;
  free(line);
  fclose(file);
  printf("%d lines\n", lines);
  return lines == 1000 ? 0 : 1;
}
