// Three sites with a known share of one peak, another high tide that is lower, and a site that is only there after it.
//
// Expected at the peak of 30,000 bytes: small() 70 blocks of 100 bytes, large() 4 blocks of 5,000, grown() one block of
// 3,000 (by realloc), late() nothing. Unfreed at the end: late()'s 10 blocks of 1,234 bytes.

#include "tests/programs/counted.h"

enum { kSmall = 100, kLarge = 5000, kLate = 1234 };

static void* blocks[200];

__attribute__((noinline)) static void* small(void) { return counted(opaque(malloc(kSmall)), kSmall); }
__attribute__((noinline)) static void* large(void) { return counted(opaque(malloc(kLarge)), kLarge); }
__attribute__((noinline)) static void* late(void) { return counted(opaque(malloc(kLate)), kLate); }
__attribute__((noinline)) static void* grown(void* block, size_t old_bytes, size_t bytes) {
  return opaque(counted_realloc(block, old_bytes, bytes));
}

static void report_share(struct report* report, const char* figure, const char* function, count_t value) {
  char name[64] = "";
  report_number(report, strcat(strcat(strcat(name, figure), " of "), function), value);
}

int main(void) {
  // 100 small ones, of which 30 go again before the peak.
  for (int i = 0; i < 100; ++i) blocks[i] = small();
  for (int i = 0; i < 30; ++i) counted_free(blocks[i], kSmall);
  for (int i = 100; i < 104; ++i) blocks[i] = large();
  void* buffer = counted(opaque(malloc(500)), 500);
  buffer = grown(buffer, 500, 1500);
  buffer = grown(buffer, 1500, 3000);  // 7,000 + 20,000 + 3,000: the peak

  for (int i = 100; i < 104; ++i) counted_free(blocks[i], kLarge);
  counted_free(buffer, 3000);
  for (int i = 0; i < 10; ++i) blocks[i] = late();
  for (int i = 30; i < 100; ++i) counted_free(blocks[i], kSmall);
  void* second = large();  // 17,340 bytes: lower
  counted_free(second, kLarge);

  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "peak_bytes", counts.peak_bytes);
  report_number(&report, "peak_blocks", 75);
  report_share(&report, "peak_blocks", "small", 70);
  report_share(&report, "peak_bytes", "small", 7000);
  report_share(&report, "peak_blocks", "large", 4);
  report_share(&report, "peak_bytes", "large", 20000);
  report_share(&report, "peak_blocks", "grown", 1);
  report_share(&report, "peak_bytes", "grown", 3000);
  report_share(&report, "peak_blocks", "late", 0);
  report_share(&report, "peak_bytes", "late", 0);
  report_end(&report);
  return 0;
}
