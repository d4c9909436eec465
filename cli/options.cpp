#include "cli/options.hpp"

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>

#include "cli/suggestion.hpp"
#include "cli/units.hpp"

namespace memprof::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : separator) + word;
  return all;
}

}  // namespace

CLI::Option* add_flag(CLI::App& parser, const std::string& names, bool& value, const std::string& help) {
  return parser.add_flag(names, value, help);
}

CLI::Option* add_text(CLI::App& parser, const std::string& names, std::string& value, const std::string& placeholder,
                      const std::string& help) {
  return parser.add_option(names, value, help)->type_name(placeholder);
}

CLI::Option* add_optional_text(CLI::App& parser, const std::string& names, std::optional<std::string>& value,
                               const std::string& placeholder, const std::string& help) {
  return parser
      .add_option_function<std::string>(
          names, [&value](const std::string& text) { value = text; }, help)
      ->type_name(placeholder);
}

CLI::Option* add_list(CLI::App& parser, const std::string& names, std::vector<std::string>& values,
                      const std::string& placeholder, const std::string& help) {
  // Without allow_extra_args(false) CLI11 lets such an option swallow all words that follow, the file included.
  return parser.add_option(names, values, help)->type_name(placeholder)->allow_extra_args(false);
}

CLI::Option* add_number(CLI::App& parser, const std::string& names, std::uint64_t& value, std::uint64_t least,
                        const std::string& help) {
  const auto check = [least](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number >= least) return {};
    return "'" + text + "' is not a whole number of at least " + std::to_string(least);
  };
  const auto keep = [&value](const std::string& text) {
    std::from_chars(text.data(), text.data() + text.size(), value);  // checked above
  };
  return parser.add_option_function<std::string>(names, keep, help)->type_name("N")->check(CLI::Validator(check, ""));
}

CLI::Option* add_size(CLI::App& parser, const std::string& names, std::uint64_t& bytes, const std::string& help) {
  const auto check = [](const std::string& text) -> std::string {
    return parse_size(text) ? std::string{} : "'" + text + "' is not a size such as 512, 64KiB or 1.5MiB";
  };
  const auto keep = [&bytes](const std::string& text) { bytes = parse_size(text).value_or(0); };
  return parser.add_option_function<std::string>(names, keep, help)
      ->type_name("SIZE")
      ->check(CLI::Validator(check, ""));
}

CLI::Option* add_seconds(CLI::App& parser, const std::string& names, double& seconds, const std::string& help) {
  const auto check = [](const std::string& text) -> std::string {
    return parse_duration(text) ? std::string{} : "'" + text + "' is not a time above 0 such as 500ms, 5s or 2min";
  };
  const auto keep = [&seconds](const std::string& text) { seconds = parse_duration(text).value_or(0); };
  return parser.add_option_function<std::string>(names, keep, help)
      ->type_name("TIME")
      ->check(CLI::Validator(check, ""));
}

CLI::Option* add_required(CLI::App& parser, const std::string& placeholder, std::string& value,
                          const std::string& help) {
  return parser.add_option(placeholder, value, help)->required();
}

CLI::Option* require(CLI::Option* option) { return option->required(); }

CLI::Option* add_words(CLI::App& parser, const std::string& placeholder, std::vector<std::string>& values,
                       const std::string& help) {
  return parser.add_option(placeholder, values, help);
}

CLI::Option* add_word(CLI::App& parser, const std::string& names, const std::vector<std::string>& words,
                      const std::string& help, std::function<void(std::size_t)> chosen) {
  const auto check = [words](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return {};
    const std::string nearest = nearest_word(text, words);
    return "'" + text + "' is not one of " + joined(words, ", ") +
           (nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
  };
  const auto keep = [words, chosen = std::move(chosen)](const std::string& text) {
    chosen(static_cast<std::size_t>(std::find(words.begin(), words.end(), text) - words.begin()));
  };
  return parser.add_option_function<std::string>(names, keep, help)
      ->type_name(joined(words, "|"))
      ->check(CLI::Validator(check, ""));
}

}  // namespace memprof::cli
