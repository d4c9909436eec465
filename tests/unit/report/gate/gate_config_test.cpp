#include "report/gate_config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/catch.hpp"

namespace memprof::report {
namespace {

using Catch::Contains;

constexpr char kEverything[] = R"([check]
max-unfreed-bytes = "4KiB"
max-unfreed-blocks = 10
max-peak = "64MiB"
max-allocations = 1000
max-temporary = "5"
max-growth = "2.5%"
no-new-sites = false
no-tick-growth = true
baseline = "ci/memprof.baseline"
suppressions = ["lsan.supp", "/etc/more.supp"]
default-suppressions = false
allow-incomplete = true
ignore-exit-status = true
warmup = 3
repeat = 7

[[budget]]
match = "Parser::*"
peak = "1MiB"
unfreed-bytes = 0

[[budget]]
match = "*/lexer.c"
max-allocations = 5
optional = true
)";

std::string complaint(const std::string& text) {
  const auto config = parse_gate_config(text, "dir/memprof.toml");
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().code == ExitCode::kUsage);
  return config.error().what;
}

TEST_CASE("a configuration sets every rule, with paths relative to itself") {
  const auto config = parse_gate_config(kEverything, "/project/memprof.toml");
  REQUIRE(config.has_value());
  const GateRules& rules = config->rules;
  REQUIRE(rules.limits.size() == 8);
  std::map<std::string, std::uint64_t> limits;
  for (const LimitRule& rule : rules.limits) limits[rule.pattern + "/" + words_of(rule.kind).key] = rule.limit;
  CHECK(limits == std::map<std::string, std::uint64_t>{{"/unfreed-bytes", 4096},
                                                       {"/unfreed-blocks", 10},
                                                       {"/peak", 64 << 20},
                                                       {"/allocations", 1000},
                                                       {"/temporary", 5},
                                                       {"Parser::*/peak", 1 << 20},
                                                       {"Parser::*/unfreed-bytes", 0},
                                                       {"*/lexer.c/allocations", 5}});
  for (const LimitRule& rule : rules.limits) {
    CHECK(rule.optional == (rule.pattern == "*/lexer.c"));
    CHECK_THAT(rule.origin, Catch::StartsWith("/project/memprof.toml:"));
  }
  CHECK(rules.max_growth == 0.025);
  CHECK(rules.no_new_sites == false);
  CHECK(rules.no_tick_growth == true);
  CHECK(rules.allow_incomplete);
  CHECK(rules.ignore_exit_status);
  CHECK(rules.warmup == 3);
  CHECK(config->repeat == 7);
  CHECK(config->baseline == "/project/ci/memprof.baseline");
  CHECK(config->suppressions == std::vector<std::string>{"/project/lsan.supp", "/etc/more.supp"});
  CHECK_FALSE(config->default_suppressions);
}

TEST_CASE("option --print-config prints a configuration that says the same") {
  const auto config = parse_gate_config(kEverything, "/project/memprof.toml");
  REQUIRE(config.has_value());
  const std::string printed = format_gate_config(*config);
  const auto again = parse_gate_config(printed, "/project/memprof.toml");
  INFO(printed);
  REQUIRE(again.has_value());
  CHECK(again->rules.limits.size() == config->rules.limits.size());
  CHECK(again->rules.max_growth == config->rules.max_growth);
  CHECK(again->baseline == config->baseline);
  CHECK(again->suppressions == config->suppressions);
  CHECK(again->repeat == 7);
  CHECK_THAT(printed, Contains("# /project/memprof.toml:2"));
}

TEST_CASE("a configuration that is wrong is refused with file and line") {
  CHECK_THAT(complaint("[check\n"), Contains("dir/memprof.toml:1: "));
  CHECK_THAT(complaint("[.check]\n"), Contains("dir/memprof.toml: this is not TOML"));
  CHECK_THAT(complaint("# \xc3\xa9\n[check]\nmax-peak = \xc3\xa9\n"), Contains("dir/memprof.toml:3: this is not TOML"));
  CHECK_THAT(complaint("[[budget]]\nmatch = \"\\\"\xc3\xa9\" # '\npeak = \xc3\xa9\n"), Contains(":3: this is not"));
  CHECK_THAT(complaint("\nmax-peak = 3\n"), Contains("dir/memprof.toml:2: 'max-peak' is not known here"));
  CHECK_THAT(complaint("[check]\nmax-peek = 3\n"), Contains(":2: there is no key 'max-peek'"));
  CHECK_THAT(complaint("[check]\nmax-peak = \"12 parsecs\"\n"), Contains(":2: '12 parsecs' is not a size"));
  CHECK_THAT(complaint("[check]\nmax-peak = 1.5\n"), Contains(":2: a limit is a number"));
  CHECK_THAT(complaint("[check]\nmax-peak = -1\n"), Contains(":2: '-1' is not a size"));
  CHECK_THAT(complaint("[check]\nmax-allocations = \"1KiB\"\n"), Contains("is not a whole number"));
  CHECK_THAT(complaint("[check]\nmax-growth = 2\n"), Contains(":2: max-growth is a text"));
  CHECK_THAT(complaint("[check]\nmax-growth = \"2\"\n"), Contains("is not a percentage"));
  CHECK_THAT(complaint("[check]\nno-new-sites = \"yes\"\n"), Contains(":2: no-new-sites is true or false"));
  CHECK_THAT(complaint("[check]\nrepeat = 0\n"), Contains(":2: repeat is a whole number of at least 1"));
  CHECK_THAT(complaint("[check]\nsuppressions = \"a\"\n"), Contains(":2: suppressions is a list"));
  CHECK_THAT(complaint("[check]\nbaseline = \"\"\n"), Contains(":2: baseline is the path"));
  CHECK_THAT(complaint("[[budget]]\npeak = 3\n"), Contains(":1: this budget names nothing"));
  CHECK_THAT(complaint("[[budget]]\nmatch = \"\"\npeak = 3\n"), Contains("names nothing"));
  CHECK_THAT(complaint("[[budget]]\nmatch = \"f\"\n"), Contains(":1: this budget limits nothing"));
  CHECK_THAT(complaint("[[budget]]\nmatch = \"f\"\npeek = 3\n"), Contains(":3: there is no key 'peek'"));
  CHECK_FALSE(read_gate_config("/nonexistent/memprof.toml").has_value());
  CHECK_FALSE(read_gate_config("/").has_value());
}

TEST_CASE("letters beyond ASCII may stand in strings and comments") {
  const auto config = parse_gate_config(
      "# \xc3\xa9\n[[budget]]\nmatch = \"\"\"caf\xc3\xa9\"\"\" # '\xc3\xa9\npeak = '1KiB'\n", "memprof.toml");
  REQUIRE(config.has_value());
  CHECK(config->rules.limits.at(0).pattern == "caf\xc3\xa9");
}

TEST_CASE("the nearest configuration is found, and none above the repository") {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "memprof_config_XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const fs::path root = name;
  fs::create_directories(root / "project/src/deep");
  fs::create_directories(root / "project/.git");
  const auto touch = [](const fs::path& path) { std::ofstream(path) << "[check]\n"; };
  touch(root / "memprof.toml");
  CHECK(find_gate_config((root / "project/src/deep").string()).empty());
  touch(root / "project/memprof.toml");
  CHECK(find_gate_config((root / "project/src/deep").string()) == (root / "project/memprof.toml").string());
  touch(root / "project/src/memprof.toml");
  CHECK(find_gate_config((root / "project/src/deep").string()) == (root / "project/src/memprof.toml").string());
  fs::remove_all(root);
}

}  // namespace
}  // namespace memprof::report
