#pragma once
// Adding options to a command's parser so that every command checks and words them alike. The only way in which
// commands use CLI11. Bound variables must outlive the parser.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace memprof::cli {

/// `names` as in "-n,--limit"; `help` is a phrase without a full stop; `placeholder` names the value in --help.
CLI::Option* add_flag(CLI::App& parser, const std::string& names, bool& value, const std::string& help);
CLI::Option* add_text(CLI::App& parser, const std::string& names, std::string& value, const std::string& placeholder,
                      const std::string& help);
/// The same; unset only when it is not given: "--option ''" is an empty text.
CLI::Option* add_optional_text(CLI::App& parser, const std::string& names, std::optional<std::string>& value,
                               const std::string& placeholder, const std::string& help);
/// May be given several times, one value each time.
CLI::Option* add_list(CLI::App& parser, const std::string& names, std::vector<std::string>& values,
                      const std::string& placeholder, const std::string& help);
/// A whole number of at least `least`.
CLI::Option* add_number(CLI::App& parser, const std::string& names, std::uint64_t& value, std::uint64_t least,
                        const std::string& help);
/// A size such as 512, 64KiB, 1.5MiB or 2G, in bytes.
CLI::Option* add_size(CLI::App& parser, const std::string& names, std::uint64_t& bytes, const std::string& help);
/// A time above 0 such as 500ms, 5s, 2min or 1h, in seconds.
CLI::Option* add_seconds(CLI::App& parser, const std::string& names, double& seconds, const std::string& help);
/// A positional argument that must be there.
CLI::Option* add_required(CLI::App& parser, const std::string& placeholder, std::string& value,
                          const std::string& help);

/// Any number of positional arguments.
CLI::Option* add_words(CLI::App& parser, const std::string& placeholder, std::vector<std::string>& values,
                       const std::string& help);

/// One of a few words; `chosen` is told its position. Use add_choice() where the words stand for values.
CLI::Option* add_word(CLI::App& parser, const std::string& names, const std::vector<std::string>& words,
                      const std::string& help, std::function<void(std::size_t)> chosen);

/// The option has to be given.
CLI::Option* require(CLI::Option* option);

template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <typename Value>
CLI::Option* add_choice(CLI::App& parser, const std::string& names, Value& value, const Choices<Value>& choices,
                        const std::string& help) {
  std::vector<std::string> words;
  for (const auto& [word, meaning] : choices) words.push_back(word);
  return add_word(parser, names, words, help, [&value, choices](std::size_t i) { value = choices[i].second; });
}

}  // namespace memprof::cli
