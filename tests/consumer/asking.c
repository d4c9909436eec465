/* All that memprof.h offers, in C99: prints what memprof answers, or that it does not. */

#include <memprof/memprof.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void* volatile block;

int main(void) {
  size_t before = 0, now = 0, peak = 0;
  char text[512];
  memprof_scope_begin("all");
  memprof_get_traced(&before, NULL);
  memprof_pause();
  block = malloc(5000);
  memprof_resume();
  free(block);
  block = malloc(1000);
  memprof_reset_peak();
  printf("traced %d", memprof_get_traced(&now, &peak));
  printf(" %ld %ld\n", (long)(now - before), (long)(peak - before));
  printf("where %d\n", memprof_where(block, text, sizeof text) > 0 && strstr(text, "1000 bytes, malloc") != NULL);
  printf("snapshot %d\n", memprof_snapshot("in the middle"));
  free(block);
  memprof_tick();
  memprof_scope_end("all");
  return 0;
}
