#pragma once
// Starting the program with the library in front.

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "profile/result.hpp"

namespace memprof::collect {

/// `inherited` with LD_PRELOAD (ours before what was there) and the variables of wire/handshake.hpp set.
[[nodiscard]] std::vector<std::string> profiled_environment(const std::vector<std::string>& inherited,
                                                            const std::string& library, const std::string& socket,
                                                            bool follow_children,
                                                            const std::vector<std::string>& only = {});

struct Launch {
  std::string executable;  ///< a path; PATH is not searched
  std::vector<std::string> command;
  std::vector<std::string> environment;
  sigset_t signal_mask;  ///< what the program starts with
};

/// Starts it in memprof's own process group and terminal, with its standard streams and dispositions. Errors are those
/// of execve, in a sentence.
[[nodiscard]] Result<pid_t> launch(const Launch& launch);

}  // namespace memprof::collect
