#ifndef MEMPROF_MEMPROF_H
#define MEMPROF_MEMPROF_H
/*
 * What a program can tell memprof about itself. C99 and C++.
 *
 * Nothing has to be linked: under `memprof run` and `memprof check` the functions are found in the preloaded library,
 * otherwise each call is one load and one branch. In a statically linked program, and on machines other than x86-64
 * and aarch64, they do nothing.
 */

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*memprof_api_function)(void);

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
 * a block more at every tick fails. Any thread; costs about as much as a malloc.
 */
static inline void memprof_tick(void) {
  memprof_api_function function;
  MEMPROF_API_LOOK_UP(function, memprof_api_tick);
  if (function) function();
}

#ifdef __cplusplus
}
#endif

#endif
