// setuid(2) and its like, chroot(2): a process that becomes another user, or loses sight of the file system, can no
// longer reach the collector. A child of fork connects at its first event only, so it does so now.

#include "preload/hook_caller.hpp"
#include "preload/process.hpp"
#include "preload/real_functions.hpp"

using namespace memprof::preload;

namespace {

bool ready_to_change() {
  if (!real_functions_ready()) return false;
  attach_process();
  return true;
}

}  // namespace

extern "C" {

MEMPROF_EXPORT int setuid(uid_t user) { return ready_to_change() ? g_real.setuid(user) : -1; }

MEMPROF_EXPORT int seteuid(uid_t user) { return ready_to_change() ? g_real.seteuid(user) : -1; }

MEMPROF_EXPORT int setreuid(uid_t real, uid_t effective) {
  return ready_to_change() ? g_real.setreuid(real, effective) : -1;
}

MEMPROF_EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved) {
  return ready_to_change() ? g_real.setresuid(real, effective, saved) : -1;
}

MEMPROF_EXPORT int chroot(const char* path) { return ready_to_change() ? g_real.chroot(path) : -1; }

}  // extern "C"
