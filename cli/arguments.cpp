#include "cli/arguments.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/suggestion.hpp"

namespace memprof::cli {
namespace {

std::vector<std::string> long_options(const CLI::App& parser) {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

tl::unexpected<Error> unknown_option(const std::string& word, const CLI::App& parser) {
  const std::string nearest = word.starts_with("--") ? nearest_word(word, long_options(parser)) : std::string{};
  const std::string help = "'memprof " + parser.get_name() + " --help' lists the options";
  return failure("unknown option '" + word + "'", nearest.empty() ? help : "did you mean '" + nearest + "'? " + help);
}

/// The option that `word` names and how many of the following words are its values.
struct Recognized {
  const CLI::Option* option = nullptr;
  bool has_value = false;  ///< "--name=value" or "-nvalue"
};

Recognized recognize_long(const std::string& word, const CLI::App& parser) {
  const std::size_t equals = word.find('=');
  return {parser.get_option_no_throw(word.substr(0, equals)), equals != std::string::npos};
}

/// A short option, or several flags in one word; what follows an option that takes a value is the value.
Recognized recognize_short(const std::string& word, const CLI::App& parser) {
  Recognized found;
  for (std::size_t i = 1; i < word.size(); ++i) {
    found.option = parser.get_option_no_throw({'-', word[i]});
    if (found.option == nullptr) return found;
    if (found.option->get_items_expected_min() > 0) {
      found.has_value = i + 1 < word.size();
      return found;
    }
  }
  return found;
}

/// "--name: what is wrong" becomes "option --name: what is wrong".
Error in_our_words(const CLI::ParseError& error, const CLI::App& parser) {
  const std::string help = "'memprof " + parser.get_name() + " --help' shows how it is used";
  std::string what = error.what();
  if (what.starts_with("-")) what = "option " + what;
  return {what, help, ExitCode::kUsage};
}

}  // namespace

Result<SplitArguments> split_arguments(const std::vector<std::string>& arguments, const CLI::App& parser,
                                       TakesProgram takes_program) {
  SplitArguments split;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool is_option = word.size() > 1 && word[0] == '-';
    if (word == "--" || (takes_program == TakesProgram::kYes && !is_option)) {
      const bool program = takes_program != TakesProgram::kNo;
      const auto rest = arguments.begin() + static_cast<std::ptrdiff_t>(i) + (program && word == "--" ? 1 : 0);
      std::vector<std::string>& part = program ? split.program : split.own;
      part.insert(part.end(), rest, arguments.end());
      return split;
    }
    split.own.push_back(word);
    if (!is_option) continue;
    const Recognized found = word[1] == '-' ? recognize_long(word, parser) : recognize_short(word, parser);
    if (found.option == nullptr) return unknown_option(word.substr(0, word.find('=')), parser);
    const bool value_follows = found.option->get_items_expected_min() > 0 && !found.has_value;
    if (!value_follows) continue;
    if (++i == arguments.size()) return failure("option '" + word + "' needs a value");
    split.own.push_back(arguments[i]);
  }
  return split;
}

Result<void> parse_arguments(std::vector<std::string> own, CLI::App& parser) {
  parser.allow_extras();
  std::reverse(own.begin(), own.end());  // CLI11 wants them so
  try {
    parser.parse(std::move(own));
  } catch (const CLI::ParseError& error) {
    return tl::unexpected<Error>(in_our_words(error, parser));
  }
  std::vector<std::string> extras = parser.remaining();
  if (!extras.empty() && extras.front() == "--") extras.erase(extras.begin());  // CLI11 2.1 counts it as one
  if (!extras.empty()) {
    return failure("unexpected argument '" + extras.front() + "'",
                   "'memprof " + parser.get_name() + " --help' shows how it is used");
  }
  return {};
}

}  // namespace memprof::cli
