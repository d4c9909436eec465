#include "cli/help.hpp"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

namespace memprof::cli {
namespace {

constexpr unsigned kUsualWidth = 80;
constexpr unsigned kWidestHelp = 100;  // longer lines are hard to read
constexpr std::size_t kDescriptionColumn = 28;

/// Breaks at spaces; every line begins with `indent` spaces, but the first stands at column `used` already.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t used, std::size_t width) {
  std::istringstream words(text);
  std::string out, word;
  std::size_t column = used;
  bool first_in_line = true;
  if (used < indent) {
    out.append(indent - used, ' ');
    column = indent;
  }
  while (words >> word) {
    if (!first_in_line && column + 1 + word.size() >= width) {  // the last column stays free
      out += '\n' + std::string(indent, ' ');
      column = indent;
      first_in_line = true;
    }
    if (!first_in_line) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first_in_line = false;
  }
  return out + '\n';
}

std::string wrapped_paragraphs(const std::string& text, std::size_t width) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    out += (out.empty() ? "" : "\n") + wrapped(text.substr(begin, end - begin), 0, 0, width);
    begin = end + 2;
  }
  return out;
}

std::string row_text(const OptionRow& row, std::size_t width) {
  std::string head = "  " + row.names;
  const bool long_value = head.size() + 1 + row.value.size() + 2 > kDescriptionColumn;
  if (!row.value.empty()) head += " " + row.value;
  if (!long_value) return head + wrapped(row.description, kDescriptionColumn, head.size(), width);
  return head + "\n" + wrapped(row.description, kDescriptionColumn, 0, width);
}

}  // namespace

std::vector<OptionRow> option_rows(const CLI::App& parser) {
  std::vector<OptionRow> rows;
  for (const CLI::Option* option : parser.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    OptionRow row;
    row.positional = !option->nonpositional();
    row.required = option->get_required();
    row.description = option->get_description();
    if (row.positional) {
      row.names = option->get_name(true);
      // Of an argument that is one of a few words.
      if (option->get_type_name().find('|') != std::string::npos) row.value = option->get_type_name();
    } else {
      for (const std::string& name : option->get_snames()) row.names += (row.names.empty() ? "-" : ", -") + name;
      for (const std::string& name : option->get_lnames()) row.names += (row.names.empty() ? "--" : ", --") + name;
      if (option->get_items_expected_min() > 0) row.value = option->get_type_name();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string usage_line(const Command& command, const CLI::App& parser) {
  std::string line = "memprof " + command.name + " [OPTIONS]";
  for (const OptionRow& row : option_rows(parser)) {
    if (row.positional) line += row.required ? " " + row.names : " [" + row.names + "]";
  }
  switch (command.takes_program) {
    case TakesProgram::kNo:
      break;
    case TakesProgram::kYes:
      return line + " [--] PROGRAM [ARGUMENTS...]";
    case TakesProgram::kAfterDashes:
      return line + " [-- PROGRAM [ARGUMENTS...]]";
  }
  return line;
}

std::string command_help(const Command& command, const CLI::App& parser, unsigned width) {
  const std::size_t columns = std::min(width == 0 ? kUsualWidth : width, kWidestHelp);
  std::string options, positionals;
  for (const OptionRow& row : option_rows(parser)) (row.positional ? positionals : options) += row_text(row, columns);
  std::string help = "memprof " + command.name + ": " + command.summary + ".\n\n";
  help += "Usage: " + usage_line(command, parser) + "\n\n" + wrapped_paragraphs(command.description, columns);
  if (!positionals.empty()) help += "\nArguments:\n" + positionals;
  if (!options.empty()) help += "\nOptions:\n" + options;
  help += command.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const Example& example : command.examples) {
    help += wrapped(example.what + ":", 2, 0, columns) + "    " + example.command_line + "\n";
  }
  return help;
}

std::string overview_help(const std::vector<Command>& commands) {
  std::string help =
      "memprof: where a native Linux program's memory goes, by source line.\n\n"
      "Usage: memprof COMMAND [OPTIONS] ...\n\nCommands:\n";
  std::size_t longest = 0;
  for (const Command& command : commands) longest = std::max(longest, command.name.size());
  for (const Command& command : commands) {
    help += "  " + command.name + std::string(longest - command.name.size() + 2, ' ') + command.summary + "\n";
  }
  help +=
      "\nOptions:\n"
      "  -h, --help     this text; 'memprof COMMAND --help' explains a command\n"
      "  -V, --version  the version of memprof\n"
      "\nExamples:\n"
      "  Profile a program, then see the lines that allocate:\n"
      "    memprof run -o app.json ./app\n"
      "    memprof lines app.json\n";
  return help;
}

}  // namespace memprof::cli
