#pragma once
// Manual pages in man(7) format, made from the same descriptions as --help. man/*.1 are these texts; a test compares
// them, and scripts/approve writes them anew.

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace memprof::cli {

/// memprof-NAME.1
std::string command_man_page(const Command& command);

/// memprof.1
std::string overview_man_page(const std::vector<Command>& commands);

}  // namespace memprof::cli
