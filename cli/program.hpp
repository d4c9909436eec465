#pragma once
// From the words after `memprof` to an exit status: finds the command, parses its options, runs it, and is the one
// place where an Error becomes text on the terminal.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "profile/result.hpp"

namespace memprof::cli {

/// Returns the exit status of the process.
int run_program(const std::vector<std::string>& arguments, Console& console);

/// `memprof: error: what` and, if there is one, `memprof: hint: ...`; returns the exit status for it.
int report_error(const Error& error, std::ostream& err);

}  // namespace memprof::cli
