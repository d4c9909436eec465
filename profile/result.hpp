#pragma once
// How failure travels between layers: a value or an Error, never an exception across a layer's edge.

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace memprof {

/// Process exit codes of memprof's own failures; docs/exit-status.md is the table.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< a gate or a --fail-on rule said no
  kUsage = 2,          ///< wrong arguments, unreadable or malformed input
  kProgramFailed = 4,  ///< of `memprof check`: the program failed, so that there is nothing to judge
  kCannotRun = 126,    ///< the program exists but cannot be started or profiled
  kNotFound = 127,     ///< no such program
};

/// A sentence for the person at the terminal. `what` names the thing and what is wrong with it, `hint` what to do.
struct Error {
  std::string what;
  std::string hint;
  ExitCode code = ExitCode::kUsage;

  /// The same error, seen from further up: "reading a.json: " + what.
  [[nodiscard]] Error in(const std::string& context) && { return {context + ": " + what, std::move(hint), code}; }
};

template <typename T>
using Result = tl::expected<T, Error>;

/// `return failure("a.json: not a memprof profile", "...");` converts to any Result.
[[nodiscard]] inline tl::unexpected<Error> failure(std::string what, std::string hint = {},
                                                   ExitCode code = ExitCode::kUsage) {
  return tl::unexpected<Error>(Error{std::move(what), std::move(hint), code});
}

}  // namespace memprof
