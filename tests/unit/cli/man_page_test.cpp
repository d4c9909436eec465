#include "cli/man_page.hpp"

#include "cli/commands.hpp"
#include "tests/approved/approval.hpp"

using memprof::cli::all_commands;
using memprof::tests::check_approved_file;

TEST_CASE("The manual pages say what --help says") {
  check_approved_file("man/memprof.1", memprof::cli::overview_man_page(all_commands()));
  for (const memprof::cli::Command& command : all_commands()) {
    check_approved_file("man/memprof-" + command.name + ".1", memprof::cli::command_man_page(command));
  }
}
