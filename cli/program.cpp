#include "cli/program.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <CLI/CLI.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/suggestion.hpp"

namespace memprof::cli {
namespace {

bool asks_for_help(const std::string& word) { return word == "-h" || word == "--help" || word == "help"; }

const Command* find_command(const std::string& name) {
  const auto& commands = all_commands();
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

Error unknown_command(const std::string& word) {
  const std::string list = "'memprof --help' lists the commands";
  if (word.starts_with("-")) return {"unknown option '" + word + "'", list};
  if (word.ends_with(".json") || word.ends_with(".json.zst")) {
    return {"unknown command '" + word + "'", "to look at a profile: memprof info " + word};
  }
  if (word.find('/') != std::string::npos) {
    return {"unknown command '" + word + "'", "to profile a program: memprof run " + word};
  }
  std::vector<std::string> names;
  for (const Command& command : all_commands()) names.push_back(command.name);
  const std::string nearest = nearest_word(word, names);
  return {"unknown command '" + word + "'", nearest.empty() ? list : "did you mean 'memprof " + nearest + "'? " + list};
}

Result<int> run_command(const Command& command, const std::vector<std::string>& arguments, Console& console) {
  CLI::App parser{command.summary, command.name};
  parser.set_help_flag("-h,--help", "this text");
  const RunCommand run = command.define(parser);
  auto split = split_arguments(arguments, parser, command.takes_program);
  if (!split) return tl::unexpected<Error>(std::move(split.error()));
  // Before parsing, so that --help works whatever else is missing.
  if (std::any_of(split->own.begin(), split->own.end(), [](const auto& w) { return w == "-h" || w == "--help"; })) {
    console.out << command_help(command, parser, console.out_terminal.width);
    return 0;
  }
  if (auto parsed = parse_arguments(std::move(split->own), parser); !parsed) {
    return tl::unexpected<Error>(std::move(parsed.error()));
  }
  return run({console, std::move(split->program)});
}

Result<int> dispatch(const std::vector<std::string>& arguments, Console& console) {
  if (arguments.empty()) {
    console.err << overview_help(all_commands());
    return static_cast<int>(ExitCode::kUsage);
  }
  const std::string& first = arguments.front();
  if (first == "-V" || first == "--version") {
    console.out << "memprof " MEMPROF_VERSION "\n";
    return 0;
  }
  const bool help = asks_for_help(first);
  if (help && arguments.size() == 1) {
    console.out << overview_help(all_commands());
    return 0;
  }
  const std::string& name = help ? arguments[1] : first;
  const Command* command = find_command(name);
  if (command == nullptr) return tl::unexpected<Error>(unknown_command(name));
  if (help) return run_command(*command, {"--help"}, console);
  return run_command(*command, {arguments.begin() + 1, arguments.end()}, console);
}

}  // namespace

int report_error(const Error& error, std::ostream& err) {
  err << "memprof: error: " << error.what << '\n';
  if (!error.hint.empty()) err << "memprof: hint: " << error.hint << '\n';
  return static_cast<int>(error.code);
}

int run_program(const std::vector<std::string>& arguments, Console& console) {
  const Result<int> status = dispatch(arguments, console);
  errno = 0;
  console.out.flush();
  if (!console.out) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "write error";
    return report_error({"cannot write the output: " + reason, ""}, console.err);
  }
  return status ? *status : report_error(status.error(), console.err);
}

}  // namespace memprof::cli
