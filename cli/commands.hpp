#pragma once
// Every command of memprof. A new one: write xyz_command.cpp, declare its function here, add it to the list in
// commands.cpp and to CMakeLists.txt.

#include <vector>

#include "cli/command.hpp"

namespace memprof::cli {

Command run_command();
Command lines_command();
Command top_command();
Command leaks_command();
Command info_command();
Command diff_command();
Command check_command();
Command export_command();
Command growth_command();
Command plot_command();
Command completions_command();
Command ps_command();
Command scopes_command();
Command snapshot_command();

/// In the order of `memprof --help`.
const std::vector<Command>& all_commands();

}  // namespace memprof::cli
