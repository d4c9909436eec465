// Keeps one more block of a structure every 5 ms, for 20 seconds at most or until it is killed: something to watch.

#include <stdlib.h>
#include <unistd.h>

struct session {
  long data[12];
};

int main(void) {
  static struct session* kept[4000];
  for (int i = 0; i < 4000; ++i) {
    struct session* added = malloc(sizeof *added);
    kept[i] = added;
    usleep(5000);
  }
  return kept[0] == NULL;
}
