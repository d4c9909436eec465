#ifndef MEMPROF_MEMPROF_H
#define MEMPROF_MEMPROF_H
/*
 * What a program can tell memprof about itself, and ask it. C99 and C++11.
 *
 * Nothing has to be linked: under `memprof run` and `memprof check` the functions are found in the preloaded library,
 * otherwise each call is one load and one branch. In a statically linked program, and on machines other than x86-64
 * and aarch64, they do nothing. None of them changes errno. All may be called from any thread.
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The address of a function of the preloaded library, or null. Read from the global offset table by hand: for a weak
 * symbol in a program that is not position-independent the compiler would settle for null when it links.
 */
#if defined(__x86_64__) && defined(__LP64__)
#define MEMPROF_API_LOOK_UP(result, symbol) \
  __asm__(".weak " #symbol "\n\tmovq " #symbol "@GOTPCREL(%%rip), %0" : "=r"(result))
#elif defined(__aarch64__)
#define MEMPROF_API_LOOK_UP(result, symbol) \
  __asm__(".weak " #symbol "\n\tadrp %0, :got:" #symbol "\n\tldr %0, [%0, :got_lo12:" #symbol "]" : "=r"(result))
#else
#define MEMPROF_API_LOOK_UP(result, symbol) ((result) = 0)
#endif

/*
 * One round of the program's work is over: a request answered, a file converted, a frame drawn. `memprof check`
 * compares what is alive at one tick with what was alive at the ticks before: a cache that fills and then stays passes,
 * a block more at every tick fails. Costs about as much as a malloc.
 */
static inline void memprof_tick(void) {
  void (*function)(void);
  MEMPROF_API_LOOK_UP(function, memprof_api_tick);
  if (function) function();
}

/*
 * Has the profile of this very moment written: everything that this thread has done is in it, and nothing that it does
 * afterwards. The file is memprof.<program>.<pid>.<name>.json where `memprof run` was started (with -o app.json it is
 * app.<name>.json), and is written while the program runs on. Returns 1; 0 when the program is not profiled, or when
 * the name is empty, longer than 100 bytes, begins with a dot, or holds a slash or a control character.
 */
static inline int memprof_snapshot(const char* name) {
  int (*function)(const char*);
  MEMPROF_API_LOOK_UP(function, memprof_api_snapshot);
  return function ? function(name) : 0;
}

/*
 * How many bytes are live now, and how many were at most since the start or the last memprof_reset_peak(), as the
 * program asked for them and over all threads. Either pointer may be null. Waits until memprof has read all events up
 * to now, usually less than 0.1 ms. Returns 1; 0, and two zeros, when the program is not profiled or when no answer
 * comes within 5 seconds (memprof was stopped).
 */
static inline int memprof_get_traced(size_t* current, size_t* peak) {
  int (*function)(size_t*, size_t*);
  MEMPROF_API_LOOK_UP(function, memprof_api_get_traced);
  if (function) return function(current, peak);
  if (current) *current = 0;
  if (peak) *peak = 0;
  return 0;
}

/* The peak that memprof_get_traced() tells starts anew from what is live now. That of the profile stays. */
static inline void memprof_reset_peak(void) {
  void (*function)(void);
  MEMPROF_API_LOOK_UP(function, memprof_api_reset_peak);
  if (function) function();
}

/*
 * What this thread allocates from here on, up to memprof_resume(), is in no figure of the profile, neither as allocated
 * nor as freed. Frees count as ever, also those of paused threads: only blocks that were allocated in a pause don't,
 * whenever and wherever they are freed. Pauses nest.
 */
static inline void memprof_pause(void) {
  void (*function)(void);
  MEMPROF_API_LOOK_UP(function, memprof_api_pause);
  if (function) function();
}
static inline void memprof_resume(void) {
  void (*function)(void);
  MEMPROF_API_LOOK_UP(function, memprof_api_resume);
  if (function) function();
}

/*
 * Writes where the block was allocated that `pointer` points to or into: its size, the function that allocated it, and
 * the call stack, one frame a line. At most `size` bytes, with a 0 at the end. Returns the length of the text; 0 when
 * nothing is known: the program is not profiled, the address is in no live block, or the block is from a pause. Symbols
 * of a call stack are looked up when it is first asked for, which may take a second.
 */
static inline size_t memprof_where(const void* pointer, char* buffer, size_t size) {
  size_t (*function)(const void*, char*, size_t);
  MEMPROF_API_LOOK_UP(function, memprof_api_where);
  if (function) return function(pointer, buffer, size);
  if (size) *buffer = 0;
  return 0;
}

/*
 * A part of the program's work, by name. Between the two calls the profile notes the time, and what this thread
 * allocates and frees: `memprof scopes` prints calls, net bytes, the highest sum of bytes at once, and allocations, by
 * thread and nesting. Ending a scope ends those that were begun inside it and left by longjmp. Names are copied; of
 * more than 200 bytes the first 200 count. Each call costs about as much as a malloc.
 */
static inline void memprof_scope_begin(const char* name) {
  void (*function)(const char*);
  MEMPROF_API_LOOK_UP(function, memprof_api_scope_begin);
  if (function) function(name);
}
static inline void memprof_scope_end(const char* name) {
  void (*function)(const char*);
  MEMPROF_API_LOOK_UP(function, memprof_api_scope_end);
  if (function) function(name);
}

#ifdef __cplusplus
} /* extern "C" */

namespace memprof {

/* A scope that ends with the C++ one. The name must live as long. */
class Scope {
 public:
  explicit Scope(const char* name) : name_(name) { memprof_scope_begin(name); }
  ~Scope() { memprof_scope_end(name_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const char* name_;
};

/* memprof_pause() and memprof_resume(). */
class Pause {
 public:
  Pause() { memprof_pause(); }
  ~Pause() { memprof_resume(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
};

} /* namespace memprof */

#define MEMPROF_JOIN_(a, b) a##b
#define MEMPROF_JOIN(a, b) MEMPROF_JOIN_(a, b)

/* From here to the end of the block: MEMPROF_SCOPE("load"); */
#define MEMPROF_SCOPE(name) const ::memprof::Scope MEMPROF_JOIN(memprof_scope_, __LINE__)(name)
#endif

#endif
