#include "collect/type_spelling.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>
#include <vector>

#include "collect/qualified_name.hpp"

namespace memprof::collect {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

// Deeper nesting than this is kept as it is: names are untrusted.
constexpr int kDeepest = 64;

constexpr std::array<std::string_view, 6> kInlineNamespaces = {"__cxx11", "__1", "__ndk1", "_V2", "__8", "__cxx1998"};

/// GCC's DWARF on the left, longest first.
constexpr std::array<Replacement, 9> kIntegers = {{{"long long unsigned int", "unsigned long long"},
                                                   {"long unsigned int", "unsigned long"},
                                                   {"short unsigned int", "unsigned short"},
                                                   {"__int128 unsigned", "unsigned __int128"},
                                                   {"long long int", "long long"},
                                                   {"long int", "long"},
                                                   {"short int", "short"},
                                                   {"unsigned int", "unsigned"},
                                                   {"char unsigned", "unsigned char"}}};

constexpr std::array<Replacement, 17> kRustPaths = {{{"alloc::vec::Vec", "Vec"},
                                                     {"alloc::boxed::Box", "Box"},
                                                     {"alloc::string::String", "String"},
                                                     {"alloc::rc::Rc", "Rc"},
                                                     {"alloc::sync::Arc", "Arc"},
                                                     {"alloc::collections::vec_deque::VecDeque", "VecDeque"},
                                                     {"alloc::collections::btree::map::BTreeMap", "BTreeMap"},
                                                     {"alloc::collections::btree::set::BTreeSet", "BTreeSet"},
                                                     {"alloc::collections::binary_heap::BinaryHeap", "BinaryHeap"},
                                                     {"alloc::collections::linked_list::LinkedList", "LinkedList"},
                                                     {"std::collections::hash::map::HashMap", "HashMap"},
                                                     {"std::collections::hash::set::HashSet", "HashSet"},
                                                     {"core::option::Option", "Option"},
                                                     {"core::cell::RefCell", "RefCell"},
                                                     {"core::cell::Cell", "Cell"},
                                                     {"std::sync::mutex::Mutex", "Mutex"},
                                                     {"std::sync::poison::mutex::Mutex", "Mutex"}}};

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':' || c == '$'; }

std::string without_inline_namespaces(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = path.find("::");
    const std::string_view part = path.substr(0, end);
    const bool dropped = !out.empty() && end != std::string_view::npos &&
                         std::find(kInlineNamespaces.begin(), kInlineNamespaces.end(), part) != kInlineNamespaces.end();
    if (!dropped) out.append(path.substr(0, end == std::string_view::npos ? end : end + 2));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 2);
  }
  return out;
}

bool is_default_argument(const std::string& path, const std::string& argument) {
  constexpr std::array<std::string_view, 7> kDefaults = {
      "std::allocator<", "std::char_traits<",    "std::less<",        "std::hash<",
      "std::equal_to<",  "std::default_delete<", "std::regex_traits<"};
  if (argument == "alloc::alloc::Global" || argument == "std::hash::random::RandomState" ||
      argument == "std::collections::hash::map::RandomState") {
    return true;
  }
  if (!path.starts_with("std::")) return false;
  if ((path == "std::stack" || path == "std::queue") && argument.starts_with("std::deque<")) return true;
  if (path == "std::priority_queue" && argument.starts_with("std::vector<")) return true;
  return std::any_of(kDefaults.begin(), kDefaults.end(), [&](auto start) { return argument.starts_with(start); });
}

/// "std::basic_string<char>" is std::string, "std::basic_ios<wchar_t>" is std::wios.
std::string alias_of(const std::string& path, const std::vector<std::string>& arguments) {
  constexpr std::array<Replacement, 5> kCharacters = {
      {{"char", ""}, {"wchar_t", "w"}, {"char8_t", "u8"}, {"char16_t", "u16"}, {"char32_t", "u32"}}};
  constexpr std::string_view kBasic = "std::basic_";
  if (!path.starts_with(kBasic) || arguments.size() != 1) return {};
  for (const auto& [character, prefix] : kCharacters) {
    if (arguments[0] == character) return "std::" + std::string(prefix) + path.substr(kBasic.size());
  }
  return {};
}

/// "4ul" is 4.
std::string without_suffix(const std::string& number) {
  const std::size_t first = number.starts_with('-') ? 1 : 0;
  const std::size_t digits = number.find_first_not_of("0123456789", first);
  if (digits == first || digits == std::string::npos) return number;
  return number.find_first_not_of("ulUL", digits) == std::string::npos ? number.substr(0, digits) : number;
}

/// What stands to the right of a type that isn't behind * or & belongs in front: "char const*" is "const char*".
std::string const_in_front(const std::string& type) {
  constexpr std::string_view kConst = " const";
  int depth = 0;
  for (std::size_t at = 0; at < type.size(); ++at) {
    const char c = type[at];
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == ']' || c == '}') --depth;
    if (depth > 0) continue;
    if (c == '*' || c == '&') break;
    const std::size_t end = at + kConst.size();
    if (type.compare(at, kConst.size(), kConst) != 0 || (end < type.size() && is_name(type[end]))) continue;
    return "const " + type.substr(0, at) + type.substr(end);
  }
  return type;
}

std::string replaced_integers(std::string type) {
  for (const auto& [theirs, ours] : kIntegers) {
    for (std::size_t at = type.find(theirs); at != std::string::npos; at = type.find(theirs, at + ours.size())) {
      const bool whole = (at == 0 || !is_name(type[at - 1])) &&
                         (at + theirs.size() == type.size() || !is_name(type[at + theirs.size()]));
      if (whole) type.replace(at, theirs.size(), ours);
    }
  }
  return type;
}

std::string spelled(std::string_view type, int depth);

/// `path` with its arguments, without those that are the default.
std::string spelled_template(const std::string& path, std::string_view list, int depth) {
  std::vector<std::string> arguments;
  for (const auto argument : split_arguments(list)) arguments.push_back(spelled(argument, depth + 1));
  while (arguments.size() > 1 && is_default_argument(path, arguments.back())) arguments.pop_back();
  if (const std::string alias = alias_of(path, arguments); !alias.empty()) return alias;
  std::string out = path + "<";
  for (const std::string& argument : arguments) {
    if (&argument != arguments.data()) out += ", ";
    out += argument;
  }
  return out + ">";
}

std::string spelled(std::string_view type, int depth) {
  if (depth > kDeepest) return std::string(type);
  std::string out;
  for (std::size_t at = 0; at < type.size();) {
    const char c = type[at];
    if (is_name(c)) {
      std::size_t end = at;
      while (end < type.size() && is_name(type[end])) ++end;
      // A name behind a closed bracket goes on with what stands before it: "A<int>::B".
      std::string path = without_inline_namespaces(type.substr(at, end - at));
      for (const auto& [theirs, ours] : kRustPaths) {
        if (path == theirs) path = ours;
      }
      if (end < type.size() && type[end] == '<') {
        const std::size_t close = after_bracket(type, end);
        out += spelled_template(path, type.substr(end + 1, close - end - 2), depth);
        end = close;
      } else {
        out += path;
      }
      at = end;
      continue;
    }
    if (c == ' ' && (at + 1 == type.size() || type[at + 1] == '*' || type[at + 1] == '&' || type[at + 1] == '>')) {
      ++at;
      continue;
    }
    // "int()" is "int ()", as demanglers have it; "f()::T" is a type in a function.
    if (c == '(' && !out.empty() && (is_name(out.back()) || out.back() == '>') && out.back() != ':' &&
        type.substr(after_bracket(type, at), 2) != "::") {
      out += ' ';
    }
    out += c;
    ++at;
  }
  return const_in_front(without_suffix(replaced_integers(std::move(out))));
}

}  // namespace

std::string spelled_type(std::string_view type) { return spelled(type, 0); }

bool is_reserved_type(std::string_view type) {
  // Lambdas and anonymous namespaces are the user's; "::_" and a leading underscore with a capital or a second one
  // are the implementation's. Arguments count as well: the type of a node is made of what it holds, so only the
  // outermost path decides.
  const std::size_t end = type.find('<');
  std::string_view path = type.substr(0, end);
  if (path.starts_with("const ")) path.remove_prefix(6);
  if (!path.starts_with("std::") && !path.starts_with("__gnu_cxx::")) return false;
  for (std::size_t at = 0; (at = path.find("::_", at)) != std::string_view::npos; at += 3) {
    if (at + 3 < path.size() && (path[at + 3] == '_' || std::isupper(static_cast<unsigned char>(path[at + 3])) != 0)) {
      return true;
    }
  }
  return path.starts_with("__gnu_cxx::");
}

std::uint64_t built_in_size(std::string_view spelled) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 20> kSizes = {
      {{"bool", 1},    {"char", 1},           {"signed char", 1},  {"unsigned char", 1},
       {"char8_t", 1}, {"char16_t", 2},       {"char32_t", 4},     {"wchar_t", 4},
       {"short", 2},   {"unsigned short", 2}, {"int", 4},          {"unsigned", 4},
       {"long", 8},    {"unsigned long", 8},  {"long long", 8},    {"unsigned long long", 8},
       {"float", 4},   {"double", 8},         {"long double", 16}, {"std::byte", 1}}};
  if (spelled.ends_with('*')) return sizeof(void*);
  if (spelled.starts_with("const ")) spelled.remove_prefix(6);
  for (const auto& [name, size] : kSizes) {
    if (name == spelled) return size;
  }
  return 0;
}

}  // namespace memprof::collect
