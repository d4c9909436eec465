// The exec family and posix_spawn: the programs that are started stay in the session, also when they are given an
// environment without memprof's variables, unless the user wants them left alone. No event of the heap is made here.
//
// All of it may run in a child of vfork, on its suspended parent's memory: nothing that outlives the call is written,
// no lock is taken, and memory comes from the stack.

#include <fcntl.h>
#include <spawn.h>

#include <cerrno>
#include <cstdarg>

#include "preload/exec_environment.hpp"
#include "preload/exec_target.hpp"
#include "preload/handshake.hpp"
#include "preload/hook_caller.hpp"
#include "preload/process.hpp"
#include "preload/real_functions.hpp"
#include "preload/session.hpp"
#include "preload/sys.hpp"

using namespace memprof::preload;
using memprof::wire::Unloadable;

extern "C" char** environ;

namespace {

/// An environment of a thousand variables still fits. What a vfork child maps instead stays in its parent for good.
constexpr std::size_t kMostOnStack = 16 * 1024;
/// Paths of programs that are looked at before they are started; longer ones are started all the same.
constexpr std::size_t kLongestPath = 1024;

struct Mapped {
  explicit Mapped(std::size_t size) : bytes(size), start(size == 0 ? nullptr : sys::map_private(size)) {}
  ~Mapped() {
    if (start != nullptr) sys::unmap(start, bytes);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  std::size_t bytes;
  void* start;
};

/// Calls call(environment) with the environment that `given` becomes.
template <typename Call>
int with_environment(char* const* given, Variables variables, const Call& call) {
  const ExecEnvironment environment(given, variables);
  const Mapped mapped(environment.bytes() > kMostOnStack ? environment.bytes() : 0);
  void* memory = mapped.start;
  if (environment.bytes() > 0 && environment.bytes() <= kMostOnStack) {
    memory = __builtin_alloca_with_align(environment.bytes(), 8 * alignof(char*));
  }
  return call(environment.write(memory));
}

bool in_session() { return g_session.socket[0] != '\0' && g_session.library[0] != '\0'; }

/// The started program itself may become another one without leaving the session, whatever --follow says.
bool followed(bool spawned) { return g_session.follow || (!spawned && sys::process_id() == g_session.image_pid); }

Variables variables_for(Unloadable reason, bool spawned) {
  const bool kept = followed(spawned) && reason != Unloadable::kOtherMachine;
  return kept ? Variables::kKeep : Variables::kRemove;
}

/// A program that is executed after the user has changed cannot say Hello, so it is counted here.
void count_unheard() {
  if (!in_session() || !g_session.follow || static_cast<std::uint32_t>(sys::call(SYS_geteuid)) == g_session.user)
    return;
  if (g_process->state.load(std::memory_order_acquire) != ProcessState::kRecording) return;
  g_region.header->unheard_programs.fetch_add(1, std::memory_order_relaxed);
}

[[gnu::noinline]] Unloadable look_and_tell(int directory, const char* path, int flags, char* const* arguments) {
  if (!in_session()) return Unloadable::kNot;
  count_unheard();
  const Unloadable reason = look_at_program(directory, path, flags);
  if (reason != Unloadable::kNot && followed(false)) send_notice(reason, 0, path, arguments);
  return reason;
}

[[gnu::noinline]] Unloadable look_in_path_and_tell(const char* file, char* const* arguments) {
  if (!in_session()) return Unloadable::kNot;
  count_unheard();
  char found[kLongestPath];
  const Unloadable reason = look_in_path(file, found, sizeof(found));
  if (reason != Unloadable::kNot && followed(false)) send_notice(reason, 0, found, arguments);
  return reason;
}

int execute(const char* path, char* const* arguments, char* const* environment) {
  const Unloadable reason = look_and_tell(AT_FDCWD, path, 0, arguments);
  return with_environment(environment, variables_for(reason, false),
                          [&](char* const* whole) { return g_real.execve(path, arguments, whole); });
}

int execute_in_path(const char* file, char* const* arguments, char* const* environment) {
  const Unloadable reason = look_in_path_and_tell(file, arguments);
  return with_environment(environment, variables_for(reason, false),
                          [&](char* const* whole) { return g_real.execvpe(file, arguments, whole); });
}

using Spawn = int (*)(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*, char* const*,
                      char* const*);

[[gnu::noinline]] Unloadable look_before_spawn(const char* file, bool in_path) {
  if (!in_session()) return Unloadable::kNot;
  count_unheard();
  if (!in_path) return look_at_program(AT_FDCWD, file, 0);
  char found[kLongestPath];
  return look_in_path(file, found, sizeof(found));
}

int spawn(Spawn real, bool in_path, pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
          const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
  const Unloadable reason = look_before_spawn(file, in_path);
  pid_t own = 0;
  pid_t* const child = pid != nullptr ? pid : &own;
  const int status = with_environment(environment, variables_for(reason, true), [&](char* const* whole) {
    return real(child, file, actions, attributes, arguments, whole);
  });
  if (status == 0 && reason != Unloadable::kNot && followed(true)) send_notice(reason, *child, file, arguments);
  return status;
}

/// The arguments of execl and its like, up to the null pointer, on the stack of the caller. The compiler is told that
/// the first is never null, but execl(path, NULL) has always worked.
#define MEMPROF_GATHER_ARGUMENTS(name, first, rest)                                                             \
  const char* name##_first = first;                                                                             \
  __asm__("" : "+r"(name##_first));                                                                             \
  std::size_t name##_count = 0;                                                                                 \
  va_list rest;                                                                                                 \
  va_start(rest, first);                                                                                        \
  for (const char* a = name##_first; a != nullptr; a = va_arg(rest, char*)) ++name##_count;                     \
  va_end(rest);                                                                                                 \
  auto** const name =                                                                                           \
      static_cast<char**>(__builtin_alloca_with_align((name##_count + 1) * sizeof(char*), 8 * alignof(char*))); \
  va_start(rest, first);                                                                                        \
  name[0] = const_cast<char*>(name##_first);                                                                    \
  for (std::size_t i = 1; i <= name##_count; ++i) name[i] = va_arg(rest, char*)

}  // namespace

extern "C" {

MEMPROF_EXPORT int execve(const char* path, char* const* arguments, char* const* environment) {
  if (!real_functions_ready()) return -1;
  return execute(path, arguments, environment);
}

MEMPROF_EXPORT int execv(const char* path, char* const* arguments) {
  if (!real_functions_ready()) return -1;
  return execute(path, arguments, environ);
}

MEMPROF_EXPORT int execvp(const char* file, char* const* arguments) {
  if (!real_functions_ready()) return -1;
  return execute_in_path(file, arguments, environ);
}

MEMPROF_EXPORT int execvpe(const char* file, char* const* arguments, char* const* environment) {
  if (!real_functions_ready()) return -1;
  return execute_in_path(file, arguments, environment);
}

MEMPROF_EXPORT int execl(const char* path, const char* first, ...) {
  if (!real_functions_ready()) return -1;
  MEMPROF_GATHER_ARGUMENTS(arguments, first, rest);
  va_end(rest);
  return execute(path, arguments, environ);
}

MEMPROF_EXPORT int execlp(const char* file, const char* first, ...) {
  if (!real_functions_ready()) return -1;
  MEMPROF_GATHER_ARGUMENTS(arguments, first, rest);
  va_end(rest);
  return execute_in_path(file, arguments, environ);
}

MEMPROF_EXPORT int execle(const char* path, const char* first, ...) {
  if (!real_functions_ready()) return -1;
  MEMPROF_GATHER_ARGUMENTS(arguments, first, rest);
  char* const* const environment = va_arg(rest, char* const*);
  va_end(rest);
  return execute(path, arguments, environment);
}

MEMPROF_EXPORT int fexecve(int descriptor, char* const* arguments, char* const* environment) {
  if (!real_functions_ready()) return -1;
  const Unloadable reason = look_and_tell(descriptor, "", AT_EMPTY_PATH, arguments);
  return with_environment(environment, variables_for(reason, false),
                          [&](char* const* whole) { return g_real.fexecve(descriptor, arguments, whole); });
}

MEMPROF_EXPORT int execveat(int directory, const char* path, char* const* arguments, char* const* environment,
                            int flags) {
  if (!real_functions_ready() || g_real.execveat == nullptr) {
    errno = ENOSYS;
    return -1;
  }
  const Unloadable reason = look_and_tell(directory, path, flags, arguments);
  return with_environment(environment, variables_for(reason, false), [&](char* const* whole) {
    return g_real.execveat(directory, path, arguments, whole, flags);
  });
}

MEMPROF_EXPORT int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                               const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
  if (!real_functions_ready()) return -1;
  return spawn(g_real.posix_spawn, false, pid, path, actions, attributes, arguments, environment);
}

MEMPROF_EXPORT int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                                const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
  if (!real_functions_ready()) return -1;
  return spawn(g_real.posix_spawnp, true, pid, file, actions, attributes, arguments, environment);
}

}  // extern "C"
