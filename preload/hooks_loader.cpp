// dlclose: afterwards an address of code may belong to another file, or to none.

#include "preload/hook_caller.hpp"
#include "preload/module_list.hpp"
#include "preload/process.hpp"
#include "preload/real_functions.hpp"
#include "preload/recorder.hpp"
#include "preload/session.hpp"

using namespace memprof::preload;

extern "C" MEMPROF_EXPORT int dlclose(void* handle) {
  if (!real_functions_ready() || g_real.dlclose == nullptr) return -1;
  g_modules.before_unload();
  const int status = g_real.dlclose(handle);
  g_modules.after_unload();
  return status;
}

namespace {

/// The collector shall know of this process even if it never allocates; usually the first malloc came earlier.
[[gnu::constructor]] void announce() {
  find_own_library();
  if (real_functions_ready()) attach_process();
}

}  // namespace
