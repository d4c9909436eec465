// A plug-in with much thread-local data: the loader allocates a thread's copy when the thread first touches it.

#include <stdlib.h>
#include <string.h>

static __thread char data[100000];

int touch_own_data(int value) {
  if (data[0] != 0 || data[sizeof data - 1] != 0) return -1;
  memset(data, value, sizeof data);
  char* copy = malloc(sizeof data);
  memcpy(copy, data, sizeof data);
  int same = copy[sizeof data / 2] == (char)value ? value : -1;
  free(copy);
  return same;
}
