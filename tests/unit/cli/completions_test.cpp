// Every option of every command is in every shell's script, and bash completes by it.

#include "cli/completions.hpp"

#include <cstdio>
#include <fstream>
#include <set>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "tests/unit/cli/cli_runner.hpp"

using namespace memprof;
using namespace memprof::cli;
using namespace memprof::tests;

namespace {

/// "--group-by" of all commands, without the one-letter ones.
std::set<std::string> long_options() {
  std::set<std::string> names;
  for (const Command& command : all_commands()) {
    CLI::App parser{command.summary, command.name};
    parser.set_help_flag("-h,--help", "this text");
    const RunCommand run = command.define(parser);
    for (const OptionRow& row : option_rows(parser)) {
      const std::size_t begin = row.names.find("--");
      if (!row.positional && begin != std::string::npos) names.insert(row.names.substr(begin + 2));
    }
  }
  return names;
}

/// What bash offers for the words, the last of which is being typed.
std::string completed(const std::string& script, const std::string& words) {
  const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _memprof; echo \"${COMPREPLY[*]}\"' 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  ::pclose(pipe);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("Every option is in the completions of every shell") {
  const std::set<std::string> names = long_options();
  REQUIRE(names.size() > 40);
  const std::string bash = completion_script(Shell::kBash, all_commands());
  const std::string zsh = completion_script(Shell::kZsh, all_commands());
  const std::string fish = completion_script(Shell::kFish, all_commands());
  for (const std::string& name : names) {
    INFO(name);
    CHECK(bash.find("--" + name + " ") != std::string::npos);
    CHECK((zsh.find("--" + name + "[") != std::string::npos || zsh.find("--" + name + "=[") != std::string::npos));
    CHECK(fish.find("-l " + name + " ") != std::string::npos);
  }
}

TEST_CASE("Bash completes commands, options and their values") {
  const WorkingDirectory folder;
  std::ofstream("memprof.bash") << completion_script(Shell::kBash, all_commands());
  std::ofstream("profile.json") << "{}";
  const auto complete = [](const std::string& words) { return completed("./memprof.bash", words); };
  CHECK(complete("memprof gro") == "growth");
  CHECK(complete("memprof top --group-by ty") == "type");
  CHECK(complete("memprof top --group-by = ty") == "type");
  CHECK(complete("memprof top -m p") == "peak");
  CHECK(complete("memprof top --cumul") == "--cumulative");
  CHECK(complete("memprof completions z") == "zsh");
  CHECK(complete("memprof export -o prof") == "profile.json");
  CHECK(complete("memprof run -o x.json -- tru").find("true") != std::string::npos);
  CHECK(complete("memprof top pro").empty());  // bash's own file names
}

TEST_CASE("Completions need a shell that is known") {
  CHECK(run_memprof({"completions", "bash"}).out == completion_script(Shell::kBash, all_commands()));
  CHECK(run_memprof({"completions"}).status == 2);
  CHECK(run_memprof({"completions", "csh"}).status == 2);
}
