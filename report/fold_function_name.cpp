// A small scanner over demangled names: it keeps the qualified name and steps over everything else.

#include <array>
#include <cctype>

#include "report/fingerprint.hpp"

namespace memprof::report {
namespace {

using std::string_view_literals::operator""sv;

constexpr auto kAnonymous = "(anonymous namespace)"sv;
constexpr auto kLambda = "(lambda)"sv;
constexpr auto kStaticInitialization = "(static initialization)"sv;
constexpr auto kParallelRegion = "(parallel region)"sv;
constexpr auto kOperator = "operator"sv;

constexpr std::array kAnonymousSpellings = {kAnonymous, "{anonymous}"sv, "<unnamed>"sv, "_GLOBAL__N_1"sv};
constexpr std::array kStaticInitializers = {"_GLOBAL__sub_I_"sv, "_GLOBAL__I_"sv, "__cxx_global_var_init"sv,
                                            "__static_initialization_and_destruction"sv, "__cxx_global_array_dtor"sv};
/// Versions of the standard library's names.
constexpr std::array kInlineNamespaces = {"__cxx11::"sv, "__1::"sv};
constexpr std::array kQualifiers = {" const"sv, " volatile"sv, " &&"sv, " &"sv, " noexcept"sv};
/// What GCC and Clang append to the name of a copy of a function, after a dot.
constexpr std::array kCloneSuffixes = {".constprop."sv,   ".isra."sv,    ".part."sv,  ".cold"sv,
                                       ".lto_priv."sv,    ".llvm."sv,    ".clone."sv, ".localalias"sv,
                                       ".specialized."sv, ".resolver"sv, ".default"sv};

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Folder {
 public:
  explicit Folder(std::string_view text) : text_(text) {}

  std::string fold() {
    while (at_ < text_.size()) step();
    return std::move(name_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  bool at_word(std::string_view word) const {
    const bool begins = at_ == 0 || !in_word(text_[at_ - 1]);
    const std::size_t end = at_ + word.size();
    return begins && rest().starts_with(word) && (end >= text_.size() || !in_word(text_[end]));
  }

  void step() {
    if (take_anonymous() || take_lambda() || take_operator()) return;
    const char c = text_[at_];
    if (c == '(') {
      skip_group();
      skip_qualifiers();
    } else if (c == '<' && (name_.empty() || name_.ends_with("::"))) {
      take_rust_type();
    } else if (c == '<') {
      skip_group();
    } else if (c == '[') {  // [abi:cxx11], [clone .cold]
      skip_group();
    } else if (c == ' ') {
      ++at_;
      if (!rest().starts_with('[')) name_.clear();  // what came before was a return type
    } else if (at_word("decltype")) {
      at_ += 8;
    } else {
      name_ += c;
      ++at_;
    }
  }

  bool take_anonymous() {
    for (const std::string_view spelling : kAnonymousSpellings) {
      if (!rest().starts_with(spelling)) continue;
      name_ += kAnonymous;
      at_ += spelling.size();
      return true;
    }
    return false;
  }

  /// GCC "{lambda(int)#1}" or "<lambda(int)>", Clang "$_0" or "'lambda0'(int)".
  bool take_lambda() {
    if (rest().starts_with("{lambda(") || rest().starts_with("<lambda(")) {
      skip_group();
    } else if (rest().starts_with("'lambda")) {
      at_ = std::min(text_.find('\'', at_ + 1), text_.size() - 1) + 1;
      if (rest().starts_with('(')) skip_group();
    } else if (rest().starts_with("$_")) {
      at_ += 2;
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    } else {
      return false;
    }
    name_ += kLambda;
    return true;
  }

  /// Keeps what follows the keyword up to the parameters: "operator()", "operator<<", "operator new[]". A conversion
  /// operator keeps its type, folded.
  bool take_operator() {
    if (!at_word(kOperator)) return false;
    name_ += kOperator;
    at_ += kOperator.size();
    if (rest().starts_with("()") || rest().starts_with("[]")) {
      name_ += rest().substr(0, 2);
      at_ += 2;
    } else if (rest().starts_with(' ') && !rest().starts_with(" <")) {
      const std::size_t end = std::min(text_.find('(', at_), text_.size());
      name_ += " " + Folder(text_.substr(at_ + 1, end - at_ - 1)).fold();
      if (text_[end - 1] == ']') name_ += "[]";
      at_ = end;
    } else {
      while (at_ < text_.size() && "+-*/%^&|~!=<>,"sv.find(text_[at_]) != std::string_view::npos &&
             !begins_arguments()) {
        name_ += text_[at_++];
      }
      if (rest().starts_with(' ')) ++at_;  // "operator<< <int>"
    }
    return true;
  }

  /// "operator+<int>(…)": this "<" opens template arguments, unless the operator itself may go on with it.
  bool begins_arguments() const {
    if (text_[at_] != '<') return false;
    const bool more_of_operator = name_.ends_with(kOperator) || name_.ends_with("operator<");
    return !more_of_operator || (name_.ends_with("operator<") && closes_before_parameters());
  }
  /// Tells "operator<<int>(…)" (less, of int) from "operator<<(…)" and "operator<< <int>(…)" (shift).
  bool closes_before_parameters() const {
    if (rest().starts_with("< <")) return false;
    const std::size_t parameters = text_.find('(', at_);
    const std::size_t close = text_.rfind('>', parameters);
    return close != std::string_view::npos && close > at_ && close + 1 == parameters;
  }

  /// "<alloc::vec::Vec<T> as core::ops::Drop>::drop" keeps the type.
  void take_rust_type() {
    const std::size_t begin = at_;
    skip_group();
    const std::string_view inside = text_.substr(begin + 1, at_ - begin - 2);
    name_ += "<" + Folder(inside.substr(0, inside.find(" as "))).fold() + ">";
  }

  /// Steps over a balanced group of brackets of all kinds; "->" closes nothing.
  void skip_group() {
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '(' || c == '<' || c == '[' || c == '{') ++depth;
      const bool arrow = c == '>' && at_ > 0 && text_[at_ - 1] == '-';
      if ((c == ')' || c == '>' || c == ']' || c == '}') && !arrow && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  void skip_qualifiers() {
    for (bool found = true; found;) {
      found = false;
      for (const std::string_view qualifier : kQualifiers) {
        if (rest().starts_with(qualifier)) {
          at_ += qualifier.size();
          found = true;
        }
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string name_;
};

std::string_view without_clone_suffix(std::string_view name) {
  for (const std::string_view suffix : kCloneSuffixes) name = name.substr(0, name.find(suffix));
  // A number alone: GCC's nested and static functions of one name, Clang's unique internal names.
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
      name.find_first_not_of("0123456789", dot + 1) == std::string_view::npos) {
    name = name.substr(0, dot);
  }
  return name.substr(0, name.find('@'));  // a symbol's version, or "@plt"
}

/// Rust appends "::h" and 16 hex digits.
std::string_view without_rust_hash(std::string_view name) {
  constexpr std::size_t kLength = 19;
  if (name.size() <= kLength || name.substr(name.size() - kLength, 3) != "::h") return name;
  const std::string_view digits = name.substr(name.size() - 16);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos ? name.substr(0, name.size() - kLength)
                                                                                : name;
}

}  // namespace

std::string fold_function_name(std::string_view demangled) {
  if (demangled.find("._omp_fn.") != std::string_view::npos ||
      demangled.find(".omp_outlined") != std::string_view::npos) {
    return std::string(kParallelRegion);
  }
  for (const std::string_view prefix : kStaticInitializers) {
    if (demangled.starts_with(prefix)) return std::string(kStaticInitialization);
  }
  const std::string_view plain = without_rust_hash(without_clone_suffix(demangled));
  std::string folded = Folder(plain).fold();
  for (const std::string_view version : kInlineNamespaces) {
    for (std::size_t at = folded.find(version); at != std::string::npos; at = folded.find(version)) {
      folded.erase(at, version.size());
    }
  }
  return folded.empty() ? std::string(demangled) : folded;
}

}  // namespace memprof::report
