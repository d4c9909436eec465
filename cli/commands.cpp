#include "cli/commands.hpp"

namespace memprof::cli {

const std::vector<Command>& all_commands() {
  // clang-format off
  static const std::vector<Command> commands = {
      run_command(),
      lines_command(),
      top_command(),
      leaks_command(),
      info_command(),
      diff_command(),
      growth_command(),
      plot_command(),
      scopes_command(),
      check_command(),
      export_command(),
      ps_command(),
      snapshot_command(),
      completions_command(),
  };
  // clang-format on
  return commands;
}

}  // namespace memprof::cli
