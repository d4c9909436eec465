#pragma once
// MEMPROF_HOT: what nearly every event runs through, to be compiled into its caller. Not so in builds without
// optimization, where each variable of such a function has its own place on stacks that may be a signal handler's.

#if defined(__OPTIMIZE__)
#define MEMPROF_HOT [[gnu::always_inline]] inline
#else
#define MEMPROF_HOT inline
#endif
