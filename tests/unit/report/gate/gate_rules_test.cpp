#include "report/gate_rules.hpp"

#include "report/wildcard.hpp"
#include "tests/catch.hpp"

namespace memprof::report {
namespace {

using Catch::Contains;

TEST_CASE("limits are sizes or whole numbers") {
  CHECK(parse_limit(LimitKind::kPeak, "1.5KiB") == 1536u);
  CHECK(parse_limit(LimitKind::kUnfreedBytes, "0") == 0u);
  CHECK(parse_limit(LimitKind::kAllocations, "12") == 12u);
  for (const char* text : {"12 parsecs", "", "-1", "x", "1e9999"}) {
    INFO(text);
    CHECK_FALSE(parse_limit(LimitKind::kPeak, text).has_value());
    CHECK_FALSE(parse_limit(LimitKind::kAllocations, text).has_value());
  }
  CHECK_FALSE(parse_limit(LimitKind::kAllocations, "1KiB").has_value());
}

TEST_CASE("growth is a percentage") {
  CHECK(parse_growth("2%") == 0.02);
  CHECK(parse_growth("0 %") == 0.0);
  CHECK(parse_growth("12.5%") == 0.125);
  for (const char* text : {"2", "%", "-1%", "2%%", "2 percent", "inf%", "nan%", ""}) {
    INFO(text);
    CHECK_FALSE(parse_growth(text).has_value());
  }
}

TEST_CASE("a budget is a limit and a pattern, which may hold colons") {
  const auto budget = parse_budget("peak=64MiB:ns::Parser::*");
  REQUIRE(budget.has_value());
  CHECK(budget->kind == LimitKind::kPeak);
  CHECK(budget->limit == 64u << 20);
  CHECK(budget->pattern == "ns::Parser::*");
  CHECK_THAT(parse_budget("peak=64MiB:").error().what, Contains("names nothing"));
  CHECK_THAT(parse_budget("peek=1:f").error().what, Contains("no limit 'peek'"));
  CHECK_THAT(parse_budget("peak=1 parsec:f").error().what, Contains("is not a size"));
  for (const char* text : {"", "peak", "peak=3", "f:peak=3"}) CHECK_FALSE(parse_budget(text).has_value());
}

TEST_CASE("a later limit replaces an earlier one of the same kind and pattern") {
  GateRules rules;
  rules.set({LimitKind::kPeak, 1, "", "file", false});
  rules.set({LimitKind::kPeak, 2, "f", "file", false});
  rules.set({LimitKind::kPeak, 3, "", "command line", false});
  REQUIRE(rules.limits.size() == 2);
  CHECK(rules.limits[0].limit == 3);
}

TEST_CASE("wildcards match whole texts, and only they are special") {
  const auto star = [](const char* pattern, const char* text) {
    return wildcard_matches(pattern, text, Wildcards::kStar);
  };
  CHECK(star("*", ""));
  CHECK(star("a*c", "abbbc"));
  CHECK(star("*b*b*", "abab"));
  CHECK(star("a[b]?", "a[b]?"));
  CHECK_FALSE(star("a?c", "abc"));
  CHECK_FALSE(star("a*c", "abcd"));
  CHECK_FALSE(star("", "a"));
  CHECK(wildcard_matches("a?c*", "abcdef", Wildcards::kStarAndQuestionMark));
  CHECK_FALSE(wildcard_matches("a?c", "ac", Wildcards::kStarAndQuestionMark));
  CHECK_FALSE(star("*a*a*a*a*a*a*a*a*b", std::string(2000, 'a').c_str()));  // quickly
}

}  // namespace
}  // namespace memprof::report
