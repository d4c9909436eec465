#include "preload/session.hpp"

#include <fcntl.h>
#include <sys/auxv.h>

#include <cstring>

#include "preload/glob_match.hpp"
#include "preload/loaded_object.hpp"
#include "preload/sys.hpp"
#include "wire/handshake.hpp"

extern "C" char** environ;

namespace memprof::preload {

Session g_session;

namespace {

bool g_found = false;

/// Copies the value when `entry` is "name=value", the value fits, and none was copied before.
void take_if(const char* entry, const char* name, char* value, std::size_t capacity) {
  const std::size_t name_length = std::strlen(name);
  if (value[0] != '\0' || std::strncmp(entry, name, name_length) != 0 || entry[name_length] != '=') return;
  const char* const text = entry + name_length + 1;
  const std::size_t length = std::strlen(text);
  if (length < capacity) std::memcpy(value, text, length + 1);
}

struct Values {
  char follow[2];

  void take(const char* entry) {
    take_if(entry, wire::kSocketVariable, g_session.socket, sizeof(g_session.socket));
    take_if(entry, wire::kOnlyVariable, g_session.only, sizeof(g_session.only));
    take_if(entry, wire::kFollowVariable, follow, sizeof(follow));
  }
};

/// Before libc's constructors ran, `environ` is still null: the kernel's copy then.
void take_from_kernel(Values& values) {
  constexpr std::size_t kBufferBytes = 1 << 20;
  auto* const buffer = static_cast<char*>(sys::map_private(kBufferBytes));
  if (buffer == nullptr) return;
  const long descriptor = sys::call(SYS_openat, AT_FDCWD, sys::as_long("/proc/self/environ"), O_RDONLY | O_CLOEXEC);
  std::size_t bytes = 0;
  if (descriptor >= 0) {
    long got = 1;
    while (got > 0 && bytes < kBufferBytes - 1) {
      got = sys::call(SYS_read, descriptor, sys::as_long(buffer + bytes), static_cast<long>(kBufferBytes - 1 - bytes));
      if (got > 0) bytes += static_cast<std::size_t>(got);
    }
    sys::call(SYS_close, descriptor);
  }
  for (std::size_t at = 0; at < bytes; at += std::strlen(buffer + at) + 1) values.take(buffer + at);
  sys::unmap(buffer, kBufferBytes);
}

const char* base_name(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

/// By the name under which the program was started (a script's own, not its interpreter's) or by that of its
/// executable.
bool is_selected(const char* patterns) {
  if (patterns[0] == '\0') return true;
  static char executable[Session::kLongestPath];  // attach_process() and the constructor come here one at a time
  const long bytes = sys::call(SYS_readlinkat, AT_FDCWD, sys::as_long("/proc/self/exe"), sys::as_long(executable),
                               sizeof(executable) - 1);
  executable[bytes > 0 ? bytes : 0] = '\0';
  const auto* const started_as = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  while (*patterns != '\0') {
    std::size_t length = 0;
    bool whole_path = false;
    for (; patterns[length] != '\0' && patterns[length] != ':'; ++length) whole_path |= patterns[length] == '/';
    if (glob_matches(patterns, length, whole_path ? executable : base_name(executable))) return true;
    if (!whole_path && started_as != nullptr && glob_matches(patterns, length, base_name(started_as))) return true;
    patterns += length;
    if (*patterns == ':') ++patterns;
  }
  return false;
}

}  // namespace

bool find_session() {
  if (g_found) return true;
  Values values{};
  if (environ == nullptr) {
    take_from_kernel(values);
  } else {
    for (char** entry = environ; *entry != nullptr; ++entry) values.take(*entry);
  }
  if (g_session.socket[0] == '\0') return false;
  g_session.follow = values.follow[0] != '0';
  g_session.user = static_cast<std::uint32_t>(sys::call(SYS_geteuid));
  g_session.image_pid = sys::process_id();
  g_session.selected = is_selected(g_session.only);
  g_found = true;
  return true;
}

void find_own_library() {
  LoadedObject object;
  if (!find_loaded_object(reinterpret_cast<std::uintptr_t>(&find_own_library), object)) return;
  const std::size_t length = std::strlen(object.path);
  // Another name than an absolute one would mean something else in another directory.
  if (object.path[0] == '/' && length < sizeof(g_session.library)) {
    std::memcpy(g_session.library, object.path, length + 1);
  }
}

}  // namespace memprof::preload
