// A parent with 4,000 blocks forks. The child frees 1,600 of them, allocates 1,200 of its own and forks again; the
// grandchild frees 1,200 of the first parent's, 200 of its parent's, and allocates 1,100. (Enough that none of them is
// so small that it gets no profile of its own.)
//
// Expected, each process as it reports: frees of blocks that were made before the fork are inherited frees, known and
// uncounted in the child's totals; the parent's own blocks are untouched by what its children do.

#include <sys/wait.h>

#include "tests/programs/counted.h"

enum { kBlocks = 4000, kBytes = 200 };

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
  free_inherited(1600, 2800);
  free_inherited(0, 200);  // by now the child's
  for (int i = 0; i < 1100; ++i) counted(opaque(malloc(7)), 7);
  report_process();
  return 0;
}

static int child(void) {
  start_counting_anew();
  free_inherited(0, 1600);
  for (int i = 0; i < 1200; ++i) blocks[i] = counted(opaque(malloc(kBytes)), kBytes);
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
