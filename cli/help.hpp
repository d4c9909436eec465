#pragma once
// The texts of --help, made from the command descriptions and the option tables alone.

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace memprof::cli {

/// One option or positional argument as people read it; what help, man pages and completions are made from.
struct OptionRow {
  std::string names;  ///< "-n, --limit" or "FILE"
  std::string value;  ///< "N", "live|peak|allocated", or "" for a flag
  std::string description;
  bool positional = false;
  bool required = false;
};

std::vector<OptionRow> option_rows(const CLI::App& parser);

/// "memprof top [OPTIONS] FILE"
std::string usage_line(const Command& command, const CLI::App& parser);

/// `width` 0 means 80.
std::string command_help(const Command& command, const CLI::App& parser, unsigned width);
std::string overview_help(const std::vector<Command>& commands);

}  // namespace memprof::cli
