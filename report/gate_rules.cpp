#include "report/gate_rules.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "report/units.hpp"

namespace memprof::report {
namespace {

std::string budget_keys() {
  std::string keys;
  for (const LimitKindWords& words : kLimitKinds) keys += (keys.empty() ? "" : ", ") + std::string(words.key);
  return keys;
}

}  // namespace

void GateRules::set(LimitRule rule) {
  const auto same = std::find_if(limits.begin(), limits.end(), [&](const LimitRule& other) {
    return other.kind == rule.kind && other.pattern == rule.pattern;
  });
  if (same == limits.end()) {
    limits.push_back(std::move(rule));
  } else {
    *same = std::move(rule);
  }
}

void GateRules::set_default() { set({LimitKind::kUnfreedBlocks, 0, {}, "default", false}); }

Result<std::uint64_t> parse_limit(LimitKind kind, const std::string& text) {
  if (words_of(kind).unit == Unit::kBytes) {
    const auto bytes = parse_size(text);
    if (!bytes) return failure("'" + text + "' is not a size such as 512, 64KiB or 1.5MiB");
    return *bytes;
  }
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || after != end) return failure("'" + text + "' is not a whole number such as 0 or 1000");
  return count;
}

Result<double> parse_growth(const std::string& text) {
  constexpr double kMost = 1e6;
  double percent = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  const std::string_view unit{after, static_cast<std::size_t>(end - after)};
  if (error != std::errc{} || (unit != "%" && unit != " %") || !(percent >= 0 && percent <= kMost)) {
    return failure("'" + text + "' is not a percentage such as 2% or 0.5%");
  }
  return percent / 100;
}

Result<LimitRule> parse_budget(const std::string& text) {
  const std::string form = "a budget reads KEY=LIMIT:PATTERN, as in peak=64MiB:Parser::*";
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.find(':');
  if (equals == std::string::npos || colon == std::string::npos || colon < equals) {
    return failure("'" + text + "' is not a budget", form);
  }
  const std::string key = text.substr(0, equals);
  const auto words = std::find_if(kLimitKinds.begin(), kLimitKinds.end(), [&](const auto& w) { return key == w.key; });
  if (words == kLimitKinds.end()) {
    return failure("budget '" + text + "': there is no limit '" + key + "'", "limits are " + budget_keys());
  }
  const auto limit = parse_limit(words->kind, text.substr(equals + 1, colon - equals - 1));
  if (!limit) return failure("budget '" + text + "': " + limit.error().what, form);
  LimitRule rule{words->kind, *limit, text.substr(colon + 1), "command line", false};
  if (rule.pattern.empty()) return failure("budget '" + text + "' names nothing", form);
  return rule;
}

}  // namespace memprof::report
