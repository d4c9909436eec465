#include "collect/allocation_text.hpp"

#include <array>
#include <cctype>

#include "collect/qualified_name.hpp"

namespace memprof::collect {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view skip_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// Takes `word` from the beginning; false: it isn't there.
bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word) || (text.size() > word.size() && is_word(text[word.size()]) && is_word(word.back()))) {
    return false;
  }
  text = skip_spaces(text.substr(word.size()));
  return true;
}

/// The type at the beginning: a qualified name with template arguments, words of built-in types, stars.
std::string_view type_at(std::string_view text) {
  constexpr std::array<std::string_view, 6> kBefore = {"const", "struct", "union", "enum", "class", "typename"};
  for (bool again = true; again;) {
    again = false;
    for (const auto word : kBefore) again = again || take(text, word);
  }
  constexpr std::array<std::string_view, 4> kMultiWord = {"unsigned", "signed", "long", "short"};
  std::size_t end = 0;
  std::string_view last_word;
  while (end < text.size()) {
    const std::size_t begin = end;
    while (end < text.size() && (is_word(text[end]) || text[end] == ':')) ++end;
    last_word = text.substr(begin, end - begin);
    if (end < text.size() && text[end] == '<') end = after_bracket(text, end);
    if (end < text.size() && text[end] == ':') continue;
    bool more = false;
    for (const auto word : kMultiWord) more = more || last_word == word;
    if (!more || end + 1 >= text.size() || text[end] != ' ' || !is_word(text[end + 1])) break;
    ++end;
  }
  while (end < text.size() &&
         (text[end] == '*' || (text[end] == ' ' && text.substr(end).find_first_not_of(' ') != std::string_view::npos &&
                               text[end + text.substr(end).find_first_not_of(' ')] == '*'))) {
    ++end;
  }
  return text.substr(0, end);
}

void read_new(std::string_view after, AllocationText& found) {
  std::string_view text = skip_spaces(after);
  // Placement, std::nothrow.
  if (text.starts_with('(')) text = skip_spaces(text.substr(after_bracket(text, 0)));
  if (const auto type = type_at(text); !type.empty()) found.types.push_back(type);
}

void read_sizeof(std::string_view after, AllocationText& found) {
  std::string_view text = skip_spaces(after);
  if (text.starts_with('(')) text = skip_spaces(text.substr(1));
  const bool pointed = text.starts_with('*');
  if (pointed) text = skip_spaces(text.substr(1));
  if (text.starts_with('(')) text = skip_spaces(text.substr(1));
  std::size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  const bool element = end < text.size() && text[end] == '[';
  if (pointed || element) {
    if (end > 0) found.pointers.push_back(text.substr(0, end));
    return;
  }
  if (const auto type = type_at(text); !type.empty()) found.types.push_back(type);
}

}  // namespace

AllocationText read_allocation(std::string_view line) {
  AllocationText found;
  line = line.substr(0, line.find("//"));
  for (std::size_t at = 0; at < line.size();) {
    if (!is_word(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && is_word(line[end])) ++end;
    const std::string_view word = line.substr(at, end - at);
    if (word == "new") read_new(line.substr(end), found);
    if (word == "sizeof") read_sizeof(line.substr(end), found);
    at = end;
  }
  return found;
}

}  // namespace memprof::collect
