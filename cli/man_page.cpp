#include "cli/man_page.hpp"

#include <cctype>

#include <CLI/CLI.hpp>

#include "cli/help.hpp"

namespace memprof::cli {
namespace {

/// Text as roff takes it literally: backslashes, hyphens that can be copied, no line that begins with a control.
std::string roff(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool line_begins = i == 0 || text[i - 1] == '\n';
    if (line_begins && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\') {
      out += "\\e";
    } else if (text[i] == '-') {
      out += "\\-";
    } else if (text[i] == '\'') {
      out += "\\(aq";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string title(const std::string& name) {
  std::string upper;
  for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return ".TH " + roff(upper) + " 1 \"\" memprof \"User Commands\"\n";
}

std::string section(const std::string& name) { return ".SH " + name + "\n"; }

std::string paragraphs(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    out += (out.empty() ? "" : ".PP\n") + roff(text.substr(begin, end - begin)) + "\n";
    begin = end + 2;
  }
  return out;
}

std::string tagged(const std::string& tag, const std::string& text) { return ".TP\n" + tag + "\n" + roff(text) + "\n"; }

std::string example_text(const std::vector<Example>& examples) {
  std::string out;
  for (const Example& example : examples) {
    out += ".PP\n" + roff(example.what) + ":\n.PP\n.RS 4\n.nf\n" + roff(example.command_line) + "\n.fi\n.RE\n";
  }
  return out;
}

std::string exit_status(const Command& command) {
  if (!command.exit_status.empty()) return command.exit_status;
  if (command.takes_program == TakesProgram::kYes) {
    return "That of the program, or 128+N when signal N killed it. memprof's own: 1 when the profile could not be "
           "written, 2 for wrong arguments, 126 when the program cannot be started or profiled, 127 when there is no "
           "such program.";
  }
  return "0, or 2 for wrong arguments and for input that cannot be read.";
}

}  // namespace

std::string command_man_page(const Command& command) {
  CLI::App parser{command.summary, command.name};
  parser.set_help_flag("-h,--help", "this text");
  const RunCommand run = command.define(parser);  // owns what the options are bound to
  std::string page = title("memprof-" + command.name);
  page += section("NAME") + roff("memprof-" + command.name) + " \\- " + roff(command.summary) + "\n";
  page += section("SYNOPSIS") + roff(usage_line(command, parser)) + "\n";
  page += section("DESCRIPTION") + paragraphs(command.description);
  page += section("OPTIONS");
  for (const OptionRow& row : option_rows(parser)) {
    const std::string value = row.value.empty() ? "" : " \\fI" + roff(row.value) + "\\fR";
    page += tagged("\\fB" + roff(row.names) + "\\fR" + value, row.description);
  }
  page += section("EXAMPLES") + example_text(command.examples);
  page += section("EXIT STATUS") + roff(exit_status(command)) + "\n";
  page += section("SEE ALSO") + ".BR memprof (1)\n";
  return page;
}

std::string overview_man_page(const std::vector<Command>& commands) {
  std::string page = title("memprof");
  page += section("NAME") + "memprof \\- heap profiler for native Linux programs\n";
  page += section("SYNOPSIS") + ".B memprof\n" + roff("COMMAND [OPTIONS] ...") + "\n";
  page += section("DESCRIPTION");
  page += paragraphs(
      "Records every allocation and free of a program with the call stack, without recompiling it, and shows where "
      "its memory goes: by source line, function, file, module, stack or thread; at its peak and at its end.\n\n"
      "The program should be compiled with -g, so that source lines are known.");
  page += section("COMMANDS");
  for (const Command& command : commands) {
    page += tagged(".BR " + roff("memprof-" + command.name) + " (1)", command.summary + ".");
  }
  page += section("OPTIONS");
  page += tagged("\\fB\\-h, \\-\\-help\\fR", "lists the commands; 'memprof COMMAND --help' explains one");
  page += tagged("\\fB\\-V, \\-\\-version\\fR", "prints the version");
  page += section("ENVIRONMENT");
  page += tagged("NO_COLOR", "when set and not empty, no emphasis on terminals");
  page +=
      tagged("COLUMNS", "width to which tables are fitted; otherwise the terminal's, and no limit in files and pipes");
  page += section("EXIT STATUS");
  page += paragraphs(
      "0; 1 when a --fail-on rule said no; 2 for wrong arguments and for input that cannot be read; of 'memprof run' "
      "the status of the program.");
  page += section("EXAMPLES");
  page += example_text({{"Profile a program, then see the lines that allocate",
                         "memprof run -o app.json ./app\nmemprof lines app.json"}});
  return page;
}

}  // namespace memprof::cli
