#include "report/suppression_reader.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>

namespace memprof::report {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kBlanks = " \t\r";
/// What the other sanitizers' files hold; one file for all of them is common.
constexpr std::array kOtherSanitizers = {"race"sv,
                                         "race_top"sv,
                                         "thread"sv,
                                         "mutex"sv,
                                         "signal"sv,
                                         "deadlock"sv,
                                         "called_from_lib"sv,
                                         "interceptor_name"sv,
                                         "interceptor_via_fun"sv,
                                         "interceptor_via_lib"sv,
                                         "odr_violation"sv,
                                         "alloc_dealloc_mismatch"sv,
                                         "vptr_check"sv,
                                         "undefined"sv};
constexpr std::array kLeakKinds = {"definite"sv, "indirect"sv, "possible"sv, "reachable"sv, "all"sv, "none"sv};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

template <typename Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether a comma-separated list has a word for which `is` holds.
template <typename Predicate>
bool any_in_list(std::string_view list, Predicate is) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (is(trimmed(list.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Result<std::vector<Suppression>> read() {
    while (next_line()) {
      const Result<void> done = line_ == "{" ? read_block() : read_leak_line();
      if (!done) return tl::unexpected(done.error());
    }
    return std::move(found_);
  }

 private:
  /// The next line that is neither blank nor a comment.
  bool next_line() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      line_ = trimmed(text_.substr(at_, end - at_));
      at_ = end + 1;
      ++number_;
      if (!line_.empty() && line_[0] != '#') return true;
    }
    return false;
  }

  tl::unexpected<Error> broken(const std::string& what, const std::string& hint) const {
    return failure(name_ + ":" + std::to_string(number_) + ": " + what, hint);
  }

  std::string origin() const { return name_ + ":" + std::to_string(number_); }

  Result<void> read_leak_line() {
    const std::string form = "a suppression is a line leak:PATTERN, or a block of Memcheck's in braces";
    const std::size_t colon = line_.find(':');
    if (colon == std::string_view::npos) return broken("'" + std::string(line_) + "' is not a suppression", form);
    const std::string_view type = line_.substr(0, colon), pattern = trimmed(line_.substr(colon + 1));
    if (contains(kOtherSanitizers, type)) return {};
    if (type != "leak") return broken("there are no suppressions of type '" + std::string(type) + "'", form);
    if (pattern.find_first_not_of("*^$") == std::string_view::npos) {
      return broken("'" + std::string(line_) + "' would suppress everything", "name a function, file or module");
    }
    Suppression suppression;
    suppression.name = line_;
    suppression.origin = origin();
    suppression.leak_pattern = pattern;
    found_.push_back(std::move(suppression));
    return {};
  }

  Result<void> read_block() {
    Suppression suppression;
    suppression.origin = origin();
    const Error unfinished = broken("this block has no end", "close it with a line that holds only }").value();
    if (!next_line()) return tl::unexpected(unfinished);
    suppression.name = line_;
    if (line_ == "}" || !next_line()) return broken("this block has no second line", "it says Memcheck:Leak");
    const std::size_t colon = line_.find(':');
    if (colon == std::string_view::npos) {
      return broken("'" + std::string(line_) + "' is not a tool and a kind of error", "as in Memcheck:Leak");
    }
    const bool ours = any_in_list(line_.substr(0, colon), [](auto tool) { return tool == "Memcheck"; }) &&
                      trimmed(line_.substr(colon + 1)) == "Leak";
    bool applies = ours;
    for (bool closed = false; !closed;) {
      if (!next_line()) return tl::unexpected(unfinished);
      if (line_ == "}") {
        closed = true;
      } else if (ours) {
        if (auto read = read_frame(suppression, applies); !read) return read;
      }
    }
    if (!applies) return {};
    if (std::all_of(suppression.frames.begin(), suppression.frames.end(), matches_everything)) {
      return broken("the block '" + suppression.name + "' would suppress everything", "name a function or an object");
    }
    found_.push_back(std::move(suppression));
    return {};
  }

  static bool matches_everything(const FramePattern& frame) {
    return frame.kind == FramePattern::Kind::kAnyFrames || frame.pattern.find_first_not_of('*') == std::string::npos;
  }

  Result<void> read_frame(Suppression& suppression, bool& applies) {
    constexpr auto kKinds = "match-leak-kinds:"sv;
    if (line_.starts_with(kKinds)) {
      const std::string_view kinds = line_.substr(kKinds.size());
      if (any_in_list(kinds, [](auto kind) { return !contains(kLeakKinds, kind); })) {
        return broken("'" + std::string(line_) + "' names a kind that does not exist",
                      "kinds are definite, indirect, possible, reachable, all, none");
      }
      applies = !any_in_list(kinds, [](auto kind) { return kind == "none"; });
      return {};
    }
    FramePattern frame;
    const std::size_t colon = line_.find(':');
    const std::string_view kind = line_.substr(0, colon);
    if (line_ == "...") {
      frame.kind = FramePattern::Kind::kAnyFrames;
    } else if (colon != std::string_view::npos && (kind == "fun" || kind == "obj" || kind == "src")) {
      frame.kind = kind == "fun"   ? FramePattern::Kind::kFunction
                   : kind == "obj" ? FramePattern::Kind::kObject
                                   : FramePattern::Kind::kSource;
      frame.pattern = trimmed(line_.substr(colon + 1));
      if (frame.pattern.empty()) return broken("'" + std::string(line_) + "' names nothing", "a * matches any name");
      if (kind == "fun") frame.demangled = demangled_pattern(frame.pattern);
    } else {
      return broken("'" + std::string(line_) + "' is not a frame",
                    "frames are fun:NAME, obj:PATH, src:FILE:LINE and ...");
    }
    suppression.frames.push_back(std::move(frame));
    return {};
  }

  std::string_view text_, line_;
  const std::string& name_;
  std::size_t at_ = 0, number_ = 0;
  std::vector<Suppression> found_;
};

/// The names of "_ZN3foo3BarC*" or "_Z3foo*" as far as they are whole.
std::string decoded_names(std::string_view mangled) {
  std::string names;
  mangled.remove_prefix(2);
  if (mangled.starts_with('N')) mangled.remove_prefix(1);
  if (mangled.starts_with('K')) mangled.remove_prefix(1);
  if (mangled.starts_with("St")) {
    names = "std";
    mangled.remove_prefix(2);
  }
  while (true) {
    std::size_t length = 0;
    const auto [after, error] = std::from_chars(mangled.data(), mangled.data() + mangled.size(), length);
    if (error != std::errc{}) break;
    mangled.remove_prefix(static_cast<std::size_t>(after - mangled.data()));
    const std::string_view name = mangled.substr(0, length);
    if (name.size() < length || name.find_first_of("*?") != std::string_view::npos) break;
    names += (names.empty() ? "" : "::") + std::string(name == "_GLOBAL__N_1" ? "(anonymous namespace)" : name);
    mangled.remove_prefix(length);
  }
  return names;
}

}  // namespace

std::string demangled_pattern(const std::string& pattern) {
  if (!pattern.starts_with("_Z")) return {};
  if (pattern.starts_with("_Znw")) return "operator new";  // as the hooks are called, whatever the parameters
  if (pattern.starts_with("_Zna")) return "operator new[]";
  if (pattern.find_first_of("*?") == std::string::npos) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(pattern.c_str(), nullptr, nullptr, &status), &std::free);
    return text ? std::string(text.get()) : std::string{};
  }
  const std::string names = decoded_names(pattern);
  return names.empty() ? std::string{} : names + "*";
}

Result<std::vector<Suppression>> read_suppressions(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

}  // namespace memprof::report
