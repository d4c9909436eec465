#pragma once
// What the kernel tells about a process that is not our child: at the moment when it says Hello, and at its end.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "profile/profile.hpp"

namespace memprof::collect {

/// Reads a file of /proc, whose size is not known beforehand; empty when it cannot be read.
[[nodiscard]] std::string read_bounded(const std::string& path, std::size_t limit);

/// Everything of Process that is known at the start of an image: names, command, directory, parent, start time,
/// architecture. What cannot be read (the process has gone, or hides itself) stays empty. Sizes are bounded.
[[nodiscard]] Process describe_process(pid_t pid);

/// The wait status (as of waitpid) of a process that has ended, where this kernel shows it.
[[nodiscard]] std::optional<int> wait_status_of(pid_t pid, int pidfd);

/// The kernel's name for its main thread: the program's, cut to 15 characters, unless it was renamed. Still there when
/// the process is a zombie.
[[nodiscard]] std::string short_name_of(pid_t pid);

/// 0 when it cannot be told.
[[nodiscard]] pid_t parent_of(pid_t pid);

/// The executable that the process runs now, empty when it cannot be told.
[[nodiscard]] std::string executable_of(pid_t pid);

}  // namespace memprof::collect
