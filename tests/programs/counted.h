#pragma once
// What the programs here share: counters of their own, and a report of them as a line of JSON on standard output. A
// test compares that line with the profile of the process of that pid, so every expectation is known by construction.
//
// No stdio and no C++ streams: they allocate, and would be in the figures. The counters may be raised by several
// threads; the peak is only right in programs with one.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned long long count_t;

/// Hides from the compiler where a value comes from, so that it can't leave out or merge allocations.
static inline void* opaque(void* pointer) {
  __asm__ volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}
static inline size_t opaque_size(size_t bytes) {
  __asm__ volatile("" : "+r"(bytes));
  return bytes;
}

/// What the profile's totals must say; the names are those of the profile file.
static struct { count_t allocations, frees, allocated_bytes, freed_bytes, failed_allocations, peak_bytes; } counts;

static inline void raise_count(count_t* counter, count_t by) { __atomic_fetch_add(counter, by, __ATOMIC_RELAXED); }

/// The block was or wasn't allocated, with this many requested bytes. Returns it.
static inline void* counted(void* block, size_t bytes) {
  if (!block) {
    raise_count(&counts.failed_allocations, 1);
    return NULL;
  }
  raise_count(&counts.allocations, 1);
  raise_count(&counts.allocated_bytes, bytes);
  count_t live = counts.allocated_bytes - counts.freed_bytes;
  if (live > counts.peak_bytes) counts.peak_bytes = live;
  return block;
}

/// To be called right before a block of this many requested bytes is freed.
static inline void count_free(size_t bytes) {
  raise_count(&counts.frees, 1);
  raise_count(&counts.freed_bytes, bytes);
}

static inline void counted_free(void* block, size_t bytes) {
  count_free(bytes);
  free(block);
}

/// What libstdc++ (on 64 bits) puts in front of an exception object.
enum { kExceptionHeaderBytes = 128 };

/// An exception of this many bytes was thrown, caught, and is gone again.
static inline void count_exception(size_t bytes) {
  counted(&counts, kExceptionHeaderBytes + bytes);
  count_free(kExceptionHeaderBytes + bytes);
}

/// realloc as one free and one allocation; of NULL, as an allocation. A failure leaves the old block as it is.
static inline void* counted_realloc(void* block, size_t old_bytes, size_t bytes) {
  void* moved = realloc(opaque(block), bytes);
  if (moved && block) count_free(old_bytes);
  return counted(moved, bytes);
}

/// A line of JSON in the making.
struct report {
  char text[4096];
  size_t used;
};

static inline void report_text(struct report* report, const char* text) {
  size_t length = strlen(text);
  if (report->used + length > sizeof report->text) abort();
  memcpy(report->text + report->used, text, length);
  report->used += length;
}

static inline void report_number(struct report* report, const char* name, count_t value) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = '\0';
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  report_text(report, report->used ? ",\"" : "{\"");
  report_text(report, name);
  report_text(report, "\":");
  report_text(report, digits + at);
}

static inline void report_end(struct report* report) {
  report_text(report, "}\n");
  for (size_t written = 0; written < report->used;) {
    ssize_t result = write(STDOUT_FILENO, report->text + written, report->used - written);
    if (result < 0 && errno != EINTR) _exit(99);
    if (result > 0) written += (size_t)result;
  }
}

static inline void report_counts_into(struct report* report) {
  report_number(report, "pid", (count_t)getpid());
  report_number(report, "allocations", counts.allocations);
  report_number(report, "frees", counts.frees);
  report_number(report, "allocated_bytes", counts.allocated_bytes);
  report_number(report, "freed_bytes", counts.freed_bytes);
  report_number(report, "live_blocks", counts.allocations - counts.frees);
  report_number(report, "live_bytes", counts.allocated_bytes - counts.freed_bytes);
  report_number(report, "failed_allocations", counts.failed_allocations);
}

/// The usual end of a program with several threads.
static inline void report_counts(void) {
  struct report report = {};
  report_counts_into(&report);
  report_end(&report);
}

/// The usual end of a program with one thread.
static inline void report_counts_and_peak(void) {
  struct report report = {};
  report_counts_into(&report);
  report_number(&report, "peak_bytes", counts.peak_bytes);
  report_end(&report);
}

#ifdef __cplusplus
}
#endif
