#include "cli/check_command_options.hpp"

#include <algorithm>

#include "cli/options.hpp"
#include "cli/profile_input.hpp"

namespace memprof::cli {
namespace {

constexpr char kCommandLine[] = "command line";

Result<void> read_number(const std::string& option, const std::optional<std::string>& text, std::uint64_t least,
                         std::uint64_t& number) {
  if (!text) return {};
  const auto read = report::parse_limit(report::LimitKind::kAllocations, *text);
  if (!read || *read < least) {
    return failure("option " + option + ": '" + *text + "' is not a whole number of at least " + std::to_string(least));
  }
  number = *read;
  return {};
}

Result<void> add_limits(const CheckOptions& options, report::GateRules& rules) {
  for (std::size_t i = 0; i < options.limits.size(); ++i) {
    if (!options.limits[i]) continue;
    const report::LimitKindWords& words = report::kLimitKinds[i];
    const auto limit = report::parse_limit(words.kind, *options.limits[i]);
    if (!limit) return failure(std::string("option --max-") + words.key + ": " + limit.error().what);
    rules.set({words.kind, *limit, {}, kCommandLine, false});
  }
  for (const std::string& text : options.budgets) {
    auto rule = report::parse_budget(text);
    if (!rule) return tl::unexpected(std::move(rule.error()).in("option --budget"));
    rules.set(std::move(*rule));
  }
  return {};
}

/// Growth, against a baseline and over time.
Result<void> add_growth(const CheckOptions& options, report::GateRules& rules) {
  if (options.growth) {
    const auto growth = report::parse_growth(*options.growth);
    if (!growth) return failure("option --max-growth: " + growth.error().what);
    rules.max_growth = *growth;
    rules.max_growth_origin = kCommandLine;
  }
  if (options.no_new_sites) {
    rules.no_new_sites = true;
    rules.no_new_sites_origin = kCommandLine;
  }
  if (options.no_tick_growth || (options.warmup && !options.repeat)) {  // without repeats it is ticks that warm up
    rules.no_tick_growth = true;
    rules.no_tick_growth_origin = kCommandLine;
  }
  return read_number("--warmup", options.warmup, 0, rules.warmup);
}

Result<void> check_baseline(const CheckOptions& options, const report::GateConfig& config) {
  const report::GateRules& rules = config.rules;
  const bool compares = rules.max_growth || rules.no_new_sites;
  if (config.baseline.empty() && compares && !options.write_baseline) {
    return failure(std::string(rules.max_growth ? "max-growth" : "no-new-sites") + " needs a baseline to compare with",
                   "give one with --baseline FILE; --write-baseline FILE makes it");
  }
  if (config.baseline.empty() && options.update_baseline) {
    return failure("--update-baseline: there is no baseline", "name it with --baseline FILE");
  }
  return {};
}

}  // namespace

Result<void> check_contradictions(const CheckOptions& options, const Invocation& invocation) {
  const auto contradiction = [](const std::string& one, const std::string& other) {
    return failure(one + " and " + other + " contradict one another", "leave one of them out");
  };
  const bool compares = options.growth || options.no_new_sites;
  const bool limits =
      !options.budgets.empty() || options.no_tick_growth ||
      std::any_of(options.limits.begin(), options.limits.end(), [](const auto& l) { return l.has_value(); });
  if (!options.files.empty() && !invocation.program.empty()) {
    return failure("memprof check: both profiles and a program to run are given",
                   "'" + options.files.front() + "' stands before the --; options come first, too");
  }
  if (options.config && options.no_config) return contradiction("--config", "--no-config");
  if (options.write_baseline) {
    if (options.baseline) return contradiction("--write-baseline", "--baseline");
    if (options.update_baseline) return contradiction("--write-baseline", "--update-baseline");
    if (compares || limits) {
      return failure("--write-baseline judges nothing, so no rule can be given with it", "check in a second step");
    }
  }
  if (invocation.program.empty() && options.repeat) {
    return failure("--repeat needs a program to run", "memprof check --repeat 5 -- PROGRAM");
  }
  if (invocation.program.empty() && options.output) {
    return failure("--output needs a program to run: the profiles given are files already");
  }
  if (options.files.empty() && invocation.program.empty() && !options.print_config) {
    return failure("memprof check: there is neither a profile nor a program to check",
                   "memprof check PROFILE... or memprof check -- PROGRAM [ARGUMENTS...]");
  }
  return {};
}

Result<report::GateConfig> combine_rules(const CheckOptions& options) {
  report::GateConfig config;
  const std::string path = options.config ? *options.config : options.no_config ? "" : report::find_gate_config(".");
  if (options.config || !path.empty()) {
    auto read = report::read_gate_config(path);
    if (!read) return read;
    config = std::move(*read);
  }
  report::GateRules& rules = config.rules;
  if (auto added = add_limits(options, rules); !added) return tl::unexpected(std::move(added.error()));
  if (auto added = add_growth(options, rules); !added) return tl::unexpected(std::move(added.error()));
  if (auto read = read_number("--repeat", options.repeat, 1, config.repeat); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  if (options.baseline && options.baseline->empty()) return failure("--baseline: no file is named");
  if (options.baseline) config.baseline = *options.baseline;
  config.suppressions.insert(config.suppressions.end(), options.suppressions.begin(), options.suppressions.end());
  if (options.no_default_suppressions) config.default_suppressions = false;
  rules.allow_incomplete = rules.allow_incomplete || options.allow_incomplete;
  rules.ignore_exit_status = rules.ignore_exit_status || options.ignore_exit_status;
  if (auto sensible = check_baseline(options, config); !sensible) return tl::unexpected(std::move(sensible.error()));
  return config;
}

void define_check_options(CLI::App& parser, CheckOptions& options) {
  add_words(parser, "PROFILE", options.files, "profiles that 'memprof run' wrote, or indices of several");
  add_pid(parser, "--pid", options.pid, "of an index, only this process");
  for (std::size_t i = 0; i < report::kLimitKinds.size(); ++i) {
    const report::LimitKindWords& words = report::kLimitKinds[i];
    add_optional_text(parser, std::string("--max-") + words.key, options.limits[i],
                      words.unit == report::Unit::kBytes ? "SIZE" : "N",
                      std::string("allow at most this: ") + words.title);
  }
  add_list(parser, "--budget", options.budgets, "KEY=LIMIT:PATTERN",
           "the same for a function, file, module or stack, as in peak=64MiB:Parser::*; may be repeated");
  add_optional_text(parser, "--baseline", options.baseline, "FILE",
                    "compare with this: what is new or has grown fails");
  add_optional_text(parser, "--max-growth", options.growth, "PERCENT",
                    "let known sites grow by this much (default 0%), and the peak not by more");
  add_flag(parser, "--no-new-sites", options.no_new_sites, "fail on sites that the baseline does not have (default)");
  add_optional_text(parser, "--write-baseline", options.write_baseline, "FILE", "write what is unfreed to FILE");
  add_flag(parser, "--update-baseline", options.update_baseline,
           "accept what is new, grown or fixed into the baseline");
  add_list(parser, "--suppressions", options.suppressions, "FILE",
           "a suppression file of LeakSanitizer or Memcheck; may be repeated");
  add_flag(parser, "--no-default-suppressions", options.no_default_suppressions,
           "do not suppress what libraries keep on purpose");
  add_flag(parser, "--gen-suppressions", options.gen_suppressions, "print suppressions for what failed");
  add_list(parser, "--format", options.formats, "FORMAT[=FILE]",
           "text (default), json, junit, sarif, github, gitlab or markdown; may be repeated");
  add_flag(parser, "--no-tick-growth", options.no_tick_growth,
           "fail on sites that grow from memprof_tick() to memprof_tick() (default where there are ticks)");
  add_optional_text(parser, "--warmup", options.warmup, "N", "do not judge the first N ticks, or repeats");
  add_optional_text(parser, "--repeat", options.repeat, "N", "run the program N times and judge what is usual");
  add_flag(parser, "--allow-incomplete", options.allow_incomplete, "judge also when something was lost");
  add_flag(parser, "--ignore-exit-status", options.ignore_exit_status, "judge also when the program failed");
  add_optional_text(parser, "--config", options.config, "FILE",
                    "rules (default: the nearest memprof.toml here or above)");
  add_flag(parser, "--no-config", options.no_config, "do not look for memprof.toml");
  add_flag(parser, "--print-config", options.print_config, "print the rules in force and end");
  add_optional_text(parser, "-o,--output", options.output, "FILE", "keep the profile of the program that was run");
}

}  // namespace memprof::cli
