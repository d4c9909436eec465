#include "cli/completions.hpp"

#include <sstream>

#include <CLI/CLI.hpp>

#include "cli/help.hpp"

namespace memprof::cli {
namespace {

/// What may follow an option.
enum class Operand : std::uint8_t { kNone, kWords, kFile, kDirectory, kOther };

struct CompletedOption {
  std::vector<std::string> names;  ///< "-g", "--group-by"
  std::string description;
  Operand operand = Operand::kNone;
  std::string words;        ///< of kWords, separated by spaces
  std::string placeholder;  ///< "N"
};

struct CompletedCommand {
  std::string name, summary;
  TakesProgram takes_program = TakesProgram::kNo;
  std::vector<CompletedOption> options;
  std::string positional_words;  ///< of a positional argument that is one of a few words
};

std::string words_of(const std::string& choices) {
  std::string words = choices;
  for (char& c : words) {
    if (c == '|') c = ' ';
  }
  return words;
}

/// Choices are in lower case; placeholders such as SIZE|N% are not.
bool is_choice(const std::string& value) {
  return value.find('|') != std::string::npos && value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}

Operand operand_of(const std::string& value) {
  if (value.empty()) return Operand::kNone;
  if (is_choice(value)) return Operand::kWords;
  if (value.find("DIR") != std::string::npos) return Operand::kDirectory;
  if (value.find("FILE") != std::string::npos || value.find("PATH") != std::string::npos) return Operand::kFile;
  return Operand::kOther;
}

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> list;
  std::istringstream in(names);
  for (std::string name; in >> name;) {
    if (name.ends_with(',')) name.pop_back();
    list.push_back(name);
  }
  return list;
}

std::vector<CompletedCommand> read_commands(const std::vector<Command>& commands) {
  std::vector<CompletedCommand> list;
  for (const Command& command : commands) {
    CLI::App parser{command.summary, command.name};
    parser.set_help_flag("-h,--help", "this text");
    const RunCommand run = command.define(parser);  // owns what the options are bound to
    CompletedCommand completed{command.name, command.summary, command.takes_program, {}, {}};
    for (const OptionRow& row : option_rows(parser)) {
      if (row.positional) {
        if (is_choice(row.value)) completed.positional_words = words_of(row.value);
        continue;
      }
      const Operand operand = operand_of(row.value);
      completed.options.push_back({split_names(row.names), row.description, operand,
                                   operand == Operand::kWords ? words_of(row.value) : "", row.value});
    }
    list.push_back(std::move(completed));
  }
  return list;
}

/// In single quotes for any shell that has them.
std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::string bash_values(const CompletedCommand& command) {
  std::string cases;
  for (const CompletedOption& option : command.options) {
    if (option.operand == Operand::kNone) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) patterns.push_back(in_quotes(command.name + " " + name));
    std::string reply = "return";  // nothing to offer
    if (option.operand == Operand::kWords) reply = "words=" + in_quotes(option.words);
    if (option.operand == Operand::kFile) reply = "COMPREPLY=($(compgen -f -- \"$cur\")); return";
    if (option.operand == Operand::kDirectory) reply = "COMPREPLY=($(compgen -d -- \"$cur\")); return";
    cases += "    " + joined(patterns, "|") + ") " + reply + " ;;\n";
  }
  return cases;
}

std::string bash_script(const std::vector<CompletedCommand>& commands) {
  std::string names, values, options, programs;
  for (const CompletedCommand& command : commands) {
    names += command.name + " ";
    values += bash_values(command);
    std::string list;
    for (const CompletedOption& option : command.options) list += joined(option.names, " ") + " ";
    options += "    " + command.name + ") options=" + in_quotes(list) +
               "; words=" + in_quotes(command.positional_words) + " ;;\n";
    if (command.takes_program == TakesProgram::kYes) programs += (programs.empty() ? "" : "|") + command.name;
  }
  return "# bash completion for memprof; written by 'memprof completions bash'\n"
         "_memprof() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
         "  local options= words= i\n"
         "  COMPREPLY=()\n"
         "  # \"--option=value\" comes as three words.\n"
         "  [[ $cur == = ]] && cur=\n"
         "  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    COMPREPLY=($(compgen -W " +
         in_quotes(names + "help --help --version") +
         " -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  if [[ $command == help ]]; then\n"
         "    COMPREPLY=($(compgen -W " +
         in_quotes(names) +
         " -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"$command $prev\" in\n" +
         values +
         "  esac\n"
         "  if [[ -n $words ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  case $command in\n" +
         options +
         "  esac\n"
         "  if [[ $cur == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
         "  elif [[ -n $words ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  elif [[ $command == @(" +
         programs + ") && $prev == @(" + programs +
         "|--) ]]; then\n"
         "    COMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _memprof memprof\n";
}

/// Text within [ ] and between colons of _arguments.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_option(const CompletedOption& option) {
  std::string value;
  if (option.operand != Operand::kNone) {
    value = ":" + zsh_text(option.placeholder) + ":";
    if (option.operand == Operand::kWords) value += "(" + option.words + ")";
    if (option.operand == Operand::kFile) value += "_files";
    if (option.operand == Operand::kDirectory) value += "_files -/";
  }
  std::string text;
  for (const std::string& name : option.names) {
    const std::string equals = option.operand != Operand::kNone && name.starts_with("--") ? "=" : "";
    // '*': may be given again, which is for memprof to refuse.
    text += "        " + in_quotes("*" + name + equals + "[" + zsh_text(option.description) + "]" + value) + " \\\n";
  }
  return text;
}

std::string zsh_script(const std::vector<CompletedCommand>& commands) {
  std::string list, cases;
  for (const CompletedCommand& command : commands) {
    list += "    " + in_quotes(command.name + ":" + zsh_text(command.summary)) + "\n";
    cases += "    " + command.name + ")\n      _arguments -s \\\n";
    for (const CompletedOption& option : command.options) cases += zsh_option(option);
    const std::string rest = command.takes_program == TakesProgram::kYes ? "*:: :_normal"
                             : command.positional_words.empty()          ? "*:file:_files"
                                                                         : ":word:(" + command.positional_words + ")";
    cases += "        " + in_quotes(rest) + "\n      ;;\n";
  }
  return "#compdef memprof\n"
         "# zsh completion for memprof; written by 'memprof completions zsh'\n"
         "_memprof() {\n"
         "  local -a commands=(\n" +
         list +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe 'command' commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "_memprof \"$@\"\n";
}

std::string fish_option(const CompletedCommand& command, const CompletedOption& option) {
  std::string line = "complete -c memprof -n '__fish_seen_subcommand_from " + command.name + "'";
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.operand == Operand::kWords) line += " -x -a " + in_quotes(option.words);
  if (option.operand == Operand::kFile || option.operand == Operand::kOther) line += " -r";
  if (option.operand == Operand::kDirectory) line += " -x -a '(__fish_complete_directories)'";
  return line + " -d " + in_quotes(option.description) + "\n";
}

std::string fish_script(const std::vector<CompletedCommand>& commands) {
  std::string script = "# fish completion for memprof; written by 'memprof completions fish'\n";
  for (const CompletedCommand& command : commands) {
    script += "complete -c memprof -n __fish_use_subcommand -f -a " + command.name + " -d " +
              in_quotes(command.summary) + "\n";
  }
  for (const CompletedCommand& command : commands) {
    for (const CompletedOption& option : command.options) script += fish_option(command, option);
    if (!command.positional_words.empty()) {
      script += "complete -c memprof -n '__fish_seen_subcommand_from " + command.name + "' -f -a " +
                in_quotes(command.positional_words) + "\n";
    }
    if (command.takes_program == TakesProgram::kYes) {
      script +=
          "complete -c memprof -n '__fish_seen_subcommand_from " + command.name + "' -a '(__fish_complete_command)'\n";
    }
  }
  return script;
}

}  // namespace

std::string completion_script(Shell shell, const std::vector<Command>& commands) {
  const std::vector<CompletedCommand> read = read_commands(commands);
  switch (shell) {
    case Shell::kBash:
      return bash_script(read);
    case Shell::kZsh:
      return zsh_script(read);
    case Shell::kFish:
      return fish_script(read);
  }
  return {};
}

}  // namespace memprof::cli
