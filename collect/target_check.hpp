#pragma once
// Whether a program can be profiled, found out before anything is started.

#include <string>
#include <vector>

#include "profile/result.hpp"

namespace memprof::collect {

struct Target {
  std::string path;                ///< what to start: found in PATH if the name had no slash
  std::vector<std::string> notes;  ///< sentences: it will run, but some of its memory will not be seen
};

/// Looks `program` up as a shell would and reads its ELF file, through "#!" lines down to the interpreter. Errors
/// (ExitCode::kNotFound, kCannotRun): there is no such program, it cannot be started, or the library cannot be put in
/// front of it.
[[nodiscard]] Result<Target> check_target(const std::string& program);

}  // namespace memprof::collect
