#include "cli/commands.hpp"

namespace memprof::cli {

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = {};
  return commands;
}

}  // namespace memprof::cli
