#pragma once
// Descriptors of processes.

#include <poll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "collect/unique_fd.hpp"

namespace memprof::collect {

/// Readable when the process has ended. By system call, as sys/pidfd.h of glibc 2.36 lacks its extern "C".
[[nodiscard]] inline UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

inline bool has_ended(int pidfd) {
  pollfd poll{pidfd, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace memprof::collect
