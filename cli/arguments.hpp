#pragma once
// Looks at a command's words before CLI11 does: tells memprof's options from the profiled program's, and catches
// mistyped options while their neighbours are still known, to suggest the right one.

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "profile/result.hpp"

namespace CLI {
class App;
}

namespace memprof::cli {

struct SplitArguments {
  std::vector<std::string> own;
  std::vector<std::string> program;  ///< empty unless a program is taken
};

/// Fails on an option that `parser` does not have, naming the nearest one that it has.
[[nodiscard]] Result<SplitArguments> split_arguments(const std::vector<std::string>& arguments, const CLI::App& parser,
                                                     TakesProgram takes_program);

/// Parses `own`; whatever CLI11 objects to comes back as an Error in our words. Values arrive in the bound variables.
[[nodiscard]] Result<void> parse_arguments(std::vector<std::string> own, CLI::App& parser);

}  // namespace memprof::cli
