#include "cli/run_command_library.hpp"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace memprof::cli {
namespace {

// The first is where `cmake --install` puts it, as seen from the program; the second is the build tree's layout.
constexpr const char* kFromProgram[] = {MEMPROF_LIBRARY_FROM_PROGRAM, "../lib/memprof/libmemprof.so"};

}  // namespace

Result<std::string> find_preload_library() {
  char program[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", program, sizeof program);
  if (size <= 0 || size == sizeof program) {
    return failure(std::string("/proc/self/exe cannot be read: ") + std::strerror(errno),
                   "mount /proc: memprof needs it");
  }
  const std::string path(program, static_cast<std::size_t>(size));
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  for (const char* relative : kFromProgram) {
    char resolved[PATH_MAX];
    if (::realpath((folder + relative).c_str(), resolved) != nullptr && ::access(resolved, R_OK) == 0) return resolved;
  }
  return failure(folder + kFromProgram[0] + ": memprof's library is not there",
                 "install memprof completely (cmake --install), or build it completely (cmake --build)");
}

}  // namespace memprof::cli
