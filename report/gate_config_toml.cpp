#include <algorithm>
#include <filesystem>

// toml++ 3.3 runs into its own assertions on some broken files, such as "[.a]"; where assertions are off it tells the
// compiler that they hold. Here they are always on, and become errors like all others. (In its noexcept functions they
// end the program; none of those was ever seen to fail.)
namespace {
struct TomlAssertion {};
}  // namespace
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wexceptions"
#else
#pragma GCC diagnostic ignored "-Wterminate"
#endif
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : throw TomlAssertion{})
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
#pragma GCC diagnostic pop

#include "report/gate_config.hpp"
#include "report/text_file.hpp"

namespace memprof::report {
namespace {

namespace fs = std::filesystem;

constexpr char kTomlHint[] = "the file has to be TOML: https://toml.io";

/// toml++ 3.3 has undefined behaviour on letters beyond ASCII outside of strings and comments, where TOML has none.
class TomlScan {
 public:
  explicit TomlScan(std::string_view text) : text_(text) {}

  /// The line of the first such letter; 0: there is none.
  std::size_t line_beyond_toml() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        if (quote_.size() == 1) quote_ = {};  // an unfinished string, which is an error of its own
      } else if (!quote_.empty()) {
        step_in_string();
      } else if (c == '"' || c == '\'') {
        open_string();
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else if (static_cast<unsigned char>(c) >= 0x80) {
        return line_;
      }
    }
    return 0;
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  void open_string() {
    const bool several_lines = rest().size() >= 3 && rest()[1] == rest()[0] && rest()[2] == rest()[0];
    quote_ = rest().substr(0, several_lines ? 3 : 1);
    at_ += quote_.size() - 1;
  }

  void step_in_string() {
    const bool escape = quote_[0] == '"' && text_[at_] == '\\';
    if (escape && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
      ++at_;
    } else if (rest().starts_with(quote_)) {
      at_ += quote_.size() - 1;
      quote_ = {};
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::string_view quote_;  ///< that ends the string we are in
};

class ConfigReader {
 public:
  explicit ConfigReader(const std::string& path) : name_(path) {
    config_.path = path;
    directory_ = fs::path(path).parent_path();
  }

  Result<GateConfig> read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      Result<void> done;
      if (key.str() == "check" && node.is_table()) {
        done = read_check(*node.as_table());
      } else if (key.str() == "budget" && node.is_array_of_tables()) {
        done = read_budgets(*node.as_array());
      } else {
        done = wrong(node, "'" + std::string(key.str()) + "' is not known here",
                     "a file holds a table [check] and any number of tables [[budget]]");
      }
      if (!done) return tl::unexpected(done.error());
    }
    return std::move(config_);
  }

 private:
  tl::unexpected<Error> wrong(const toml::node& node, const std::string& what, const std::string& hint = {}) const {
    return failure(origin(node) + ": " + what, hint);
  }
  std::string origin(const toml::node& node) const { return name_ + ":" + std::to_string(node.source().begin.line); }

  Result<void> read_check(const toml::table& table) {
    for (const auto& [name, node] : table) {
      const std::string key(name.str());
      Result<void> done;
      if (const LimitKindWords* words = limit_of("max-", key)) {
        done = read_limit(*words, node, {}, false);
      } else if (key == "max-growth") {
        done = read_growth(node);
      } else if (key == "no-new-sites") {
        config_.rules.no_new_sites_origin = origin(node);
        done = read_into(config_.rules.no_new_sites, node, key);
      } else if (key == "no-tick-growth") {
        config_.rules.no_tick_growth_origin = origin(node);
        done = read_into(config_.rules.no_tick_growth, node, key);
      } else {
        done = read_setting(key, node);
      }
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_setting(const std::string& key, const toml::node& node) {
    if (key == "baseline") return read_path(config_.baseline, node, key);
    if (key == "suppressions") return read_paths(node);
    if (key == "default-suppressions") return read_into(config_.default_suppressions, node, key);
    if (key == "allow-incomplete") return read_into(config_.rules.allow_incomplete, node, key);
    if (key == "ignore-exit-status") return read_into(config_.rules.ignore_exit_status, node, key);
    if (key == "warmup") return read_count(config_.rules.warmup, node, key, 0);
    if (key == "repeat") return read_count(config_.repeat, node, key, 1);
    std::string keys =
        "max-growth, no-new-sites, no-tick-growth, baseline, suppressions, default-suppressions, "
        "allow-incomplete, ignore-exit-status, warmup, repeat";
    for (const LimitKindWords& words : kLimitKinds) keys += std::string(", max-") + words.key;
    return wrong(node, "there is no key '" + key + "' in [check]", "keys are " + keys);
  }

  static const LimitKindWords* limit_of(const std::string& prefix, const std::string& key) {
    for (const LimitKindWords& words : kLimitKinds) {
      if (key == prefix + words.key) return &words;
    }
    return nullptr;
  }

  Result<void> read_limit(const LimitKindWords& words, const toml::node& node, const std::string& pattern,
                          bool optional) {
    std::string text;
    if (const auto number = node.value_exact<std::int64_t>()) {
      text = std::to_string(*number);
    } else if (const auto string = node.value_exact<std::string>()) {
      text = *string;
    } else {
      return wrong(node, "a limit is a number, or a text such as \"64MiB\"");
    }
    const auto limit = parse_limit(words.kind, text);
    if (!limit) return wrong(node, limit.error().what);
    config_.rules.set({words.kind, *limit, pattern, origin(node), optional});
    return {};
  }

  Result<void> read_growth(const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    if (!text) return wrong(node, "max-growth is a text such as \"2%\"");
    const auto growth = parse_growth(*text);
    if (!growth) return wrong(node, growth.error().what);
    config_.rules.max_growth = *growth;
    config_.rules.max_growth_origin = origin(node);
    return {};
  }

  template <typename Flag>
  Result<void> read_into(Flag& flag, const toml::node& node, const std::string& key) const {
    const auto value = node.value_exact<bool>();
    if (!value) return wrong(node, key + " is true or false");
    flag = *value;
    return {};
  }

  Result<void> read_count(std::uint64_t& count, const toml::node& node, const std::string& key, std::int64_t least) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least) return wrong(node, key + " is a whole number of at least " + std::to_string(least));
    count = static_cast<std::uint64_t>(*value);
    return {};
  }

  Result<void> read_path(std::string& path, const toml::node& node, const std::string& key) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return wrong(node, key + " is the path of a file");
    path = (directory_ / *value).lexically_normal().string();
    return {};
  }

  Result<void> read_paths(const toml::node& node) {
    const toml::array* const list = node.as_array();
    if (list == nullptr) return wrong(node, "suppressions is a list of files: [\"lsan.supp\"]");
    for (const toml::node& item : *list) {
      std::string path;
      if (auto read = read_path(path, item, "each of suppressions"); !read) return read;
      config_.suppressions.push_back(std::move(path));
    }
    return {};
  }

  Result<void> read_budgets(const toml::array& budgets) {
    for (const toml::node& budget : budgets) {
      if (auto read = read_budget(*budget.as_table()); !read) return read;
    }
    return {};
  }

  Result<void> read_budget(const toml::table& table) {
    const auto pattern = table["match"].value_exact<std::string>();
    if (!pattern || pattern->empty()) {
      return wrong(table, "this budget names nothing", "give it a function, file or module: match = \"Parser::*\"");
    }
    bool optional = false, limited = false;
    if (const toml::node* const node = table.get("optional")) {
      if (auto read = read_into(optional, *node, "optional"); !read) return read;
    }
    for (const auto& [name, node] : table) {
      const std::string key(name.str());
      if (key == "match" || key == "optional") continue;
      const LimitKindWords* words = limit_of("", key);
      if (words == nullptr) words = limit_of("max-", key);
      if (words == nullptr) {
        std::string keys = "match, optional";
        for (const LimitKindWords& known : kLimitKinds) keys += std::string(", ") + known.key;
        return wrong(node, "there is no key '" + key + "' in a budget", "keys are " + keys);
      }
      if (auto read = read_limit(*words, node, *pattern, optional); !read) return read;
      limited = true;
    }
    if (!limited) return wrong(table, "this budget limits nothing", "give it a limit: peak = \"64MiB\"");
    return {};
  }

  GateConfig config_;
  std::string name_;
  fs::path directory_;
};

}  // namespace

Result<GateConfig> parse_gate_config(std::string_view text, const std::string& path) {
  if (const std::size_t line = TomlScan(text).line_beyond_toml(); line != 0) {
    return failure(path + ":" + std::to_string(line) + ": this is not TOML", kTomlHint);
  }
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return failure(path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()),
                   kTomlHint);
  } catch (const TomlAssertion&) {
    return failure(path + ": this is not TOML", kTomlHint);
  }
  return ConfigReader(path).read(table);
}

Result<GateConfig> read_gate_config(const std::string& path) {
  const auto text = read_text_file(path, "the configuration");
  if (!text) return tl::unexpected(text.error());
  return parse_gate_config(*text, path);
}

}  // namespace memprof::report
