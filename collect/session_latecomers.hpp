#pragma once
// Processes of the session that memprof has not heard of yet: a fork says Hello at its first event only, and a program
// that was just executed has not come to it. When the started program ends these must not be lost.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace memprof::collect {

struct Latecomer {
  pid_t pid = 0;
  bool library_loaded = false;  ///< false: it is being started, or is a program that cannot be recorded
};

/// Looks through /proc for processes that were started with MEMPROF_SOCKET=`socket`, apart from those that `known`
/// says are recorded already. `after`: the pid of the first process of the session.
[[nodiscard]] std::vector<Latecomer> find_latecomers(const std::string& socket, const std::string& library, pid_t after,
                                                     const std::function<bool(pid_t)>& known);

}  // namespace memprof::collect
