#pragma once
// A command of the program: its words for people, its options, and what it does. One file per command makes one of
// these; commands.cpp lists them. Help, man pages, completions and suggestions all come from this one description.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "profile/result.hpp"

namespace CLI {
class App;
}

namespace memprof::cli {

/// Whether the rest of the command line after memprof's own options is a program and its arguments.
enum class TakesProgram : std::uint8_t {
  kNo,
  kYes,          ///< from the first word that is not an option, or after "--"
  kAfterDashes,  ///< only after "--"; words before are arguments of memprof's own
};

struct Invocation {
  Console& console;
  std::vector<std::string> program;  ///< of a command that runs one: PROGRAM and its arguments, untouched
};

/// Returns the exit status.
using RunCommand = std::function<Result<int>(const Invocation&)>;

struct Example {
  std::string what;
  std::string command_line;
};

struct Command {
  std::string name;
  std::string summary;      ///< one line without a full stop
  std::string description;  ///< paragraphs, separated by an empty line
  std::vector<Example> examples;
  std::string exit_status = {};  ///< a sentence for the manual; empty: the usual one
  TakesProgram takes_program = TakesProgram::kNo;
  /// Adds the options to a fresh parser and returns the function to run after parsing. Values live in that function.
  std::function<RunCommand(CLI::App&)> define;
};

}  // namespace memprof::cli
