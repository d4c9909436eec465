#pragma once
// Completion scripts for shells, made from the option tables that --help is made from.

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace memprof::cli {

enum class Shell : std::uint8_t { kBash, kZsh, kFish };

std::string completion_script(Shell shell, const std::vector<Command>& commands);

}  // namespace memprof::cli
