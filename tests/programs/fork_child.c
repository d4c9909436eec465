// A parent with 100 blocks forks. The child frees 40 of them, allocates 10 of its own and forks again; the grandchild
// frees 30 of the first parent's, 5 of its parent's, and allocates 3.
//
// Expected, each process as it reports: frees of blocks that were made before the fork are inherited frees, known and
// uncounted in the child's totals; the parent's own blocks are untouched by what its children do.

#include <sys/wait.h>

#include "tests/programs/counted.h"

enum { kBlocks = 100, kBytes = 200 };

static char* blocks[kBlocks];
static count_t inherited_frees;

static void free_inherited(int from, int to) {
  for (int i = from; i < to; ++i) {
    inherited_frees += 1;
    free(blocks[i]);
  }
}

static void start_counting_anew(void) {
  memset(&counts, 0, sizeof counts);
  inherited_frees = 0;
}

static void report_process(void) {
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "peak_bytes", counts.peak_bytes);
  report_number(&report, "inherited_frees", inherited_frees);
  report_end(&report);
}

static int wait_for(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

static int grandchild(void) {
  start_counting_anew();
  free_inherited(40, 70);
  free_inherited(0, 5);  // by now the child's
  for (int i = 0; i < 3; ++i) counted(opaque(malloc(7)), 7);
  report_process();
  return 0;
}

static int child(void) {
  start_counting_anew();
  free_inherited(0, 40);
  for (int i = 0; i < 10; ++i) blocks[i] = counted(opaque(malloc(kBytes)), kBytes);
  pid_t process = fork();
  if (process == 0) _exit(grandchild());
  int result = wait_for(process);
  report_process();
  return result;
}

int main(void) {
  for (int i = 0; i < kBlocks; ++i) blocks[i] = counted(opaque(malloc(kBytes)), kBytes);
  pid_t process = fork();
  if (process == 0) _exit(child());
  int result = wait_for(process);
  for (int i = 0; i < kBlocks; ++i) counted_free(blocks[i], kBytes);
  report_process();
  return result;
}
