#include "collect/qualified_name.hpp"

#include <cctype>

namespace memprof::collect {
namespace {

constexpr std::string_view kOperator = "operator";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

bool opens(char c) { return c == '<' || c == '(' || c == '[' || c == '{'; }
bool closes(char c) { return c == '>' || c == ')' || c == ']' || c == '}'; }

/// At the word "operator", not within a longer one.
bool at_operator(std::string_view text, std::size_t at) {
  if (text.substr(at, kOperator.size()) != kOperator) return false;
  const std::size_t end = at + kOperator.size();
  return (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
}

/// Behind "operator<<", "operator()", "operator new[]", "operator bool".
std::size_t after_operator(std::string_view text, std::size_t at) {
  at += kOperator.size();
  if (text.substr(at, 2) == "()" || text.substr(at, 2) == "[]") return at + 2;
  const std::size_t symbols = text.find_first_not_of("<>=!+-*/%^&|~,", at);
  if (symbols != at) return symbols == std::string_view::npos ? text.size() : symbols;
  while (at < text.size() && text[at] != '(') at = text[at] == '<' ? after_bracket(text, at) : at + 1;
  return at;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

NamePart make_part(std::string_view whole) {
  // A part may begin with a bracket of its own: "<impl as trait>", "(anonymous namespace)".
  const std::size_t open = whole.empty() || at_operator(whole, 0) ? std::string_view::npos : whole.find('<', 1);
  if (open == std::string_view::npos || whole.front() == '{' || whole.front() == '(') return {whole, {}, whole};
  const std::size_t end = after_bracket(whole, open);
  return {whole.substr(0, open), trimmed(whole.substr(open + 1, end - open - 2)), whole};
}

}  // namespace

std::size_t after_bracket(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (at_operator(text, at)) {
      at = after_operator(text, at) - 1;
      continue;
    }
    if (opens(text[at])) ++depth;
    if (closes(text[at]) && !(text[at] == '>' && at > 0 && text[at - 1] == '-')) --depth;
    if (depth == 0) return at + 1;
  }
  return text.size();
}

std::vector<NamePart> split_qualified_name(std::string_view name) {
  std::vector<NamePart> parts;
  std::size_t begin = 0;
  std::size_t at = 0;
  const auto finish = [&](std::size_t end) {
    if (end > begin) parts.push_back(make_part(name.substr(begin, end - begin)));
  };
  while (at < name.size()) {
    if (at_operator(name, at)) {
      at = after_operator(name, at);
      finish(at);
      return parts;
    }
    if (name.substr(at, 2) == "::") {
      finish(at);
      at += 2;
      begin = at;
    } else if (name[at] == '(' && at != begin) {
      // Parameters: of the function itself, or of one that the rest is local to.
      const std::size_t end = after_bracket(name, at);
      const std::size_t scope = name.find("::", end);
      const std::string_view between = name.substr(end, scope == std::string_view::npos ? 0 : scope - end);
      finish(at);
      if (scope == std::string_view::npos || (!between.empty() && between != " const")) return parts;
      at = scope + 2;
      begin = at;
    } else if (opens(name[at])) {
      at = after_bracket(name, at);
    } else if (name[at] == ' ') {
      parts.clear();  // what came before was the return type
      begin = ++at;
    } else {
      ++at;
    }
  }
  finish(at);
  return parts;
}

std::vector<std::string_view> split_arguments(std::string_view arguments) {
  std::vector<std::string_view> list;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < arguments.size();) {
    if (arguments[at] == ',') {
      list.push_back(trimmed(arguments.substr(begin, at - begin)));
      begin = ++at;
    } else {
      at = opens(arguments[at]) ? after_bracket(arguments, at) : at + 1;
    }
  }
  if (const auto last = trimmed(arguments.substr(begin)); !last.empty()) list.push_back(last);
  return list;
}

}  // namespace memprof::collect
