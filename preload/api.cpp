// What include/memprof/memprof.h calls in a profiled program.

#include "preload/hook_caller.hpp"
#include "preload/recorder.hpp"

extern "C" MEMPROF_EXPORT void memprof_api_tick() { memprof::preload::record_mark(memprof::wire::Mark::kTick); }
