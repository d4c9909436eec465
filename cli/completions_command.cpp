// `memprof completions`: what a shell needs to complete memprof's commands and options.

#include <memory>

#include "cli/commands.hpp"
#include "cli/completions.hpp"
#include "cli/options.hpp"

namespace memprof::cli {

Command completions_command() {
  return {.name = "completions",
          .summary = "a script that has the shell complete commands and options",
          .description =
              "Prints a script for the shell to read. Packages of memprof install the three scripts where the shells "
              "look for them; this is for those who build it themselves.",
          .examples = {{"For bash, in this session", "source <(memprof completions bash)"},
                       {"For fish, for good", "memprof completions fish > ~/.config/fish/completions/memprof.fish"}},
          .define = [](CLI::App& parser) -> RunCommand {
            auto shell = std::make_shared<Shell>(Shell::kBash);
            require(add_choice<Shell>(parser, "SHELL", *shell,
                                      {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}},
                                      "whose language the script is in"));
            return [shell](const Invocation& invocation) -> Result<int> {
              invocation.console.out << completion_script(*shell, all_commands());
              return 0;
            };
          }};
}

}  // namespace memprof::cli
