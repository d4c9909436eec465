// `memprof check`: a gate for CI. Judges profiles, or a program that it runs, by rules.

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>

#include "cli/check_command_formats.hpp"
#include "cli/check_command_program.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/printable.hpp"
#include "cli/run_command_output.hpp"
#include "cli/units.hpp"
#include "profile/profile_file.hpp"
#include "report/gate_config.hpp"
#include "report/gate_judge.hpp"

namespace memprof::cli {
namespace {

constexpr char kSuppressionsVariable[] = "MEMPROF_SUPPRESSIONS";
constexpr char kCommandLine[] = "command line";

struct CheckOptions {
  std::vector<std::string> files;
  std::vector<std::string> limits = std::vector<std::string>(report::kLimitKinds.size());
  std::vector<std::string> budgets, suppressions, formats;
  std::string growth, baseline, write_baseline, config, output;
  bool no_new_sites = false, no_tick_growth = false, update_baseline = false;
  bool no_default_suppressions = false, gen_suppressions = false;
  bool no_config = false, print_config = false;
  bool allow_incomplete = false, ignore_exit_status = false;
  std::string warmup, repeat;
};

bool given(const std::string& text) { return !text.empty(); }

Result<std::uint64_t> whole_number(const std::string& option, const std::string& text, std::uint64_t least) {
  const auto number = report::parse_limit(report::LimitKind::kAllocations, text);
  if (number && *number >= least) return *number;
  return failure("option " + option + ": '" + text + "' is not a whole number of at least " + std::to_string(least));
}

/// What cannot be meant together, before anything is read.
Result<void> check_contradictions(const CheckOptions& options, const Invocation& invocation) {
  const auto contradiction = [](const std::string& one, const std::string& other) {
    return failure(one + " and " + other + " contradict one another", "leave one of them out");
  };
  const bool compares = given(options.growth) || options.no_new_sites;
  const bool limits = !options.budgets.empty() || options.no_tick_growth ||
                      std::any_of(options.limits.begin(), options.limits.end(), given);
  if (!options.files.empty() && !invocation.program.empty()) {
    return failure("memprof check: both profiles and a program to run are given",
                   "'" + options.files.front() + "' stands before the --; options come first, too");
  }
  if (given(options.config) && options.no_config) return contradiction("--config", "--no-config");
  if (given(options.write_baseline)) {
    if (given(options.baseline)) return contradiction("--write-baseline", "--baseline");
    if (options.update_baseline) return contradiction("--write-baseline", "--update-baseline");
    if (compares || limits) {
      return failure("--write-baseline judges nothing, so no rule can be given with it", "check in a second step");
    }
  }
  if (invocation.program.empty() && given(options.repeat)) {
    return failure("--repeat needs a program to run", "memprof check --repeat 5 -- PROGRAM");
  }
  if (invocation.program.empty() && given(options.output)) {
    return failure("--output needs a program to run: the profiles given are files already");
  }
  if (options.files.empty() && invocation.program.empty() && !options.print_config) {
    return failure("memprof check: there is neither a profile nor a program to check",
                   "memprof check PROFILE... or memprof check -- PROGRAM [ARGUMENTS...]");
  }
  return {};
}

/// The configuration file, then the command line on top of it.
Result<report::GateConfig> combine(const CheckOptions& options) {
  report::GateConfig config;
  std::string path = options.config;
  if (path.empty() && !options.no_config) path = report::find_gate_config(".");
  if (given(path)) {
    auto read = report::read_gate_config(path);
    if (!read) return read;
    config = std::move(*read);
  }
  report::GateRules& rules = config.rules;
  for (std::size_t i = 0; i < options.limits.size(); ++i) {
    if (!given(options.limits[i])) continue;
    const report::LimitKindWords& words = report::kLimitKinds[i];
    const auto limit = report::parse_limit(words.kind, options.limits[i]);
    if (!limit) return failure(std::string("option --max-") + words.key + ": " + limit.error().what);
    rules.set({words.kind, *limit, {}, kCommandLine, false});
  }
  for (const std::string& text : options.budgets) {
    auto rule = report::parse_budget(text);
    if (!rule) return tl::unexpected(std::move(rule.error()).in("option --budget"));
    rules.set(std::move(*rule));
  }
  if (given(options.growth)) {
    const auto growth = report::parse_growth(options.growth);
    if (!growth) return failure("option --max-growth: " + growth.error().what);
    rules.max_growth = *growth;
    rules.max_growth_origin = kCommandLine;
  }
  if (options.no_new_sites) {
    rules.no_new_sites = true;
    rules.no_new_sites_origin = kCommandLine;
  }
  if (options.no_tick_growth) {
    rules.no_tick_growth = true;
    rules.no_tick_growth_origin = kCommandLine;
  }
  if (given(options.baseline)) config.baseline = options.baseline;
  config.suppressions.insert(config.suppressions.end(), options.suppressions.begin(), options.suppressions.end());
  if (options.no_default_suppressions) config.default_suppressions = false;
  rules.allow_incomplete = rules.allow_incomplete || options.allow_incomplete;
  rules.ignore_exit_status = rules.ignore_exit_status || options.ignore_exit_status;
  if (given(options.warmup)) {
    const auto warmup = whole_number("--warmup", options.warmup, 0);
    if (!warmup) return tl::unexpected(warmup.error());
    rules.warmup = *warmup;
    if (!given(options.repeat)) {  // ticks it must be
      rules.no_tick_growth = true;
      rules.no_tick_growth_origin = kCommandLine;
    }
  }
  if (given(options.repeat)) {
    const auto repeat = whole_number("--repeat", options.repeat, 1);
    if (!repeat) return tl::unexpected(repeat.error());
    config.repeat = *repeat;
  }
  const bool compares = rules.max_growth || rules.no_new_sites;
  if (config.baseline.empty() && compares && !given(options.write_baseline)) {
    return failure(std::string(rules.max_growth ? "max-growth" : "no-new-sites") + " needs a baseline to compare with",
                   "give one with --baseline FILE; --write-baseline FILE makes it");
  }
  if (config.baseline.empty() && options.update_baseline) {
    return failure("--update-baseline: there is no baseline", "name it with --baseline FILE");
  }
  return config;
}

Result<report::SuppressionSet> read_suppressions(const report::GateConfig& config) {
  report::SuppressionSet set;
  std::vector<std::string> files = config.suppressions;
  if (const char* more = std::getenv(kSuppressionsVariable)) {
    const std::string paths = more;
    for (std::size_t at = 0; at < paths.size();) {
      const std::size_t end = std::min(paths.find(':', at), paths.size());
      if (end > at) files.push_back(paths.substr(at, end - at));
      at = end + 1;
    }
  }
  for (const std::string& file : files) {
    if (auto added = set.add_file(file); !added) return tl::unexpected(std::move(added.error()));
  }
  if (config.default_suppressions) set.add_built_in();
  return set;
}

/// Profiles with an address that stays, and the runs that refer to them.
struct Recorded {
  std::deque<Profile> profiles;
  std::vector<report::GateRun> runs;
};

/// The failure of the program whose profiles these are; what its children return is its own business.
std::string recorded_failure(const std::vector<const Profile*>& processes) {
  for (const Profile* profile : processes) {
    const bool child = std::any_of(processes.begin(), processes.end(), [&](const Profile* other) {
      return other->process.pid == profile->process.parent_pid;
    });
    const std::string failure = child ? std::string{} : report::process_failure(profile->process);
    if (!failure.empty()) return failure;
  }
  return {};
}

Result<Recorded> read_profiles(const std::vector<std::string>& files) {
  Recorded recorded;
  report::GateRun run;
  for (const std::string& file : files) {
    auto profile = read_profile(file);
    if (!profile) return tl::unexpected(std::move(profile.error()));
    run.processes.push_back(&recorded.profiles.emplace_back(std::move(*profile)));
    run.files.push_back(file);
  }
  run.program_failure = recorded_failure(run.processes);
  recorded.runs.push_back(std::move(run));
  return recorded;
}

Result<std::vector<std::string>> save_profiles(const std::vector<const Profile*>& profiles, ProfileOutput& output) {
  std::vector<std::string> paths;
  for (const Profile* profile : profiles) {
    const std::string path = paths.empty() ? output.main_path(profile->process) : output.other_path(profile->process);
    const auto saved = ProfileOutput::save(*profile, path);
    if (!saved) return tl::unexpected(saved.error());
    if (!saved->trouble.empty()) return failure(saved->trouble, "the profile is in " + saved->path + " instead");
    paths.push_back(saved->path);
  }
  return paths;
}

Result<Recorded> run_program(const report::GateConfig& config, const CheckOptions& options,
                             const Invocation& invocation) {
  std::optional<ProfileOutput> output;
  if (given(options.output)) {
    auto prepared = ProfileOutput::prepare(options.output);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    output = std::move(*prepared);
  }
  auto program = CheckedProgram::prepare(invocation.program, invocation.console);
  if (!program) return tl::unexpected(std::move(program.error()));
  Recorded recorded;
  const std::uint64_t warmup = config.repeat > 1 ? config.rules.warmup : 0;
  for (std::uint64_t i = 0; i < warmup + config.repeat; ++i) {
    auto run = program->run();
    if (!run) return tl::unexpected(std::move(run.error()));
    const bool failed = !run->failure.empty() && !config.rules.ignore_exit_status;
    if (i < warmup && !failed) continue;
    report::GateRun& kept = recorded.runs.emplace_back();
    kept.program_failure = run->failure;
    for (Profile& profile : run->processes) {
      kept.processes.push_back(&recorded.profiles.emplace_back(std::move(profile)));
    }
    if (failed) break;
  }
  if (output) {
    auto saved = save_profiles(recorded.runs.back().processes, *output);
    if (!saved) return tl::unexpected(std::move(saved.error()));
    recorded.runs.back().files = std::move(*saved);
  }
  return recorded;
}

/// Only of a run that can be trusted.
Result<std::string> save_baseline(const report::Verdict& verdict, const std::string& path) {
  if (verdict.outcome == report::Outcome::kIncomplete || verdict.outcome == report::Outcome::kProgramFailed) {
    return "the baseline '" + path + "' was not written";
  }
  const report::Baseline baseline = report::baseline_of(verdict);
  if (auto written = report::write_baseline(baseline, path); !written) {
    return tl::unexpected(std::move(written.error()));
  }
  return "the baseline '" + path + "' was written, with " + format_count(baseline.sites.size()) +
         (baseline.sites.size() == 1 ? " site" : " sites");
}

Result<int> check(const CheckOptions& options, const Invocation& invocation) {
  if (auto sensible = check_contradictions(options, invocation); !sensible) return tl::unexpected(sensible.error());
  const auto outputs = parse_verdict_outputs(options.formats, options.gen_suppressions);
  if (!outputs) return tl::unexpected(outputs.error());
  auto config = combine(options);
  if (!config) return tl::unexpected(std::move(config.error()));
  const bool writes = given(options.write_baseline);
  const bool default_rule = config->rules.limits.empty() && config->baseline.empty() && !writes;
  if (options.print_config) {
    if (default_rule) config->rules.set_default();
    invocation.console.out << report::format_gate_config(*config);
    return 0;
  }
  auto suppressions = read_suppressions(*config);
  if (!suppressions) return tl::unexpected(std::move(suppressions.error()));
  report::GateInput input{{},           config->rules,          *suppressions, std::nullopt, config->baseline,
                          default_rule, options.update_baseline};
  if (writes) {
    input.rules.limits.clear();
    input.accept_baseline = true;
  } else if (!config->baseline.empty()) {
    auto baseline = report::read_baseline(config->baseline);
    if (!baseline) return tl::unexpected(std::move(baseline.error()));
    input.baseline = std::move(*baseline);
  }
  if (auto removed = remove_old_verdicts(*outputs); !removed) return tl::unexpected(removed.error());
  auto recorded = invocation.program.empty() ? read_profiles(options.files) : run_program(*config, options, invocation);
  if (!recorded) return tl::unexpected(std::move(recorded.error()));
  input.runs = std::move(recorded->runs);
  auto verdict = report::judge(input);
  if (!verdict) return tl::unexpected(std::move(verdict.error()));
  if (writes || options.update_baseline) {
    auto saved = save_baseline(*verdict, writes ? options.write_baseline : config->baseline);
    if (!saved) return tl::unexpected(std::move(saved.error()));
    verdict->notes.push_back(*saved);
  }
  if (auto shown = write_verdicts(*outputs, *verdict, invocation.console.out); !shown) {
    return tl::unexpected(shown.error());
  }
  if (options.gen_suppressions) invocation.console.out << report::suppressions_for(*verdict);
  return report::exit_status(verdict->outcome);
}

void define_options(CLI::App& parser, CheckOptions& options) {
  add_words(parser, "PROFILE", options.files, "profiles that 'memprof run' wrote");
  for (std::size_t i = 0; i < report::kLimitKinds.size(); ++i) {
    const report::LimitKindWords& words = report::kLimitKinds[i];
    add_text(parser, std::string("--max-") + words.key, options.limits[i],
             words.unit == report::Unit::kBytes ? "SIZE" : "N", std::string("allow at most this: ") + words.title);
  }
  add_list(parser, "--budget", options.budgets, "KEY=LIMIT:PATTERN",
           "the same for a function, file, module or stack, as in peak=64MiB:Parser::*; may be repeated");
  add_text(parser, "--baseline", options.baseline, "FILE", "compare with this: what is new or has grown fails");
  add_text(parser, "--max-growth", options.growth, "PERCENT",
           "let known sites grow by this much (default 0%), and the peak not by more");
  add_flag(parser, "--no-new-sites", options.no_new_sites, "fail on sites that the baseline does not have (default)");
  add_text(parser, "--write-baseline", options.write_baseline, "FILE", "write what is unfreed to FILE");
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
  add_text(parser, "--warmup", options.warmup, "N", "do not judge the first N ticks, or repeats");
  add_text(parser, "--repeat", options.repeat, "N", "run the program N times and judge what is usual");
  add_flag(parser, "--allow-incomplete", options.allow_incomplete, "judge also when something was lost");
  add_flag(parser, "--ignore-exit-status", options.ignore_exit_status, "judge also when the program failed");
  add_text(parser, "--config", options.config, "FILE", "rules (default: the nearest memprof.toml here or above)");
  add_flag(parser, "--no-config", options.no_config, "do not look for memprof.toml");
  add_flag(parser, "--print-config", options.print_config, "print the rules in force and end");
  add_text(parser, "-o,--output", options.output, "FILE", "keep the profile of the program that was run");
}

}  // namespace

Command check_command() {
  Command command;
  command.name = "check";
  command.summary = "pass or fail by rules, for CI";
  command.description =
      "Judges profiles, or runs PROGRAM and all that it starts and judges them. The first line of the report says pass "
      "or fail, and why. Without any rule, nothing may be left unfreed at the end that is not suppressed.\n\n"
      "Limits on what is unfreed, on allocations and on temporary allocations are for all processes together; the "
      "limit "
      "on the peak is for each. A budget is a limit for the call stacks that lead through a function, file or "
      "module.\n\n"
      "With --baseline, only sites that are new or have grown fail. A site is told by the names of the functions of "
      "the "
      "user's code on its call stack, so that a baseline outlives other compilers, options, lines and directories.\n\n"
      "Rules may also stand in memprof.toml; the command line wins. The variable MEMPROF_SUPPRESSIONS names more "
      "suppression files, separated by colons.";
  command.examples = {{"fail when anything is left unfreed", "memprof check -- ./app --self-test"},
                      {"judge a profile by limits", "memprof check --max-peak 64MiB --max-unfreed-bytes 4KiB app.json"},
                      {"accept what is there now, then fail on what is new",
                       "memprof check --write-baseline memprof.baseline -- ./app\n"
                       "    memprof check --baseline memprof.baseline -- ./app"}};
  command.exit_status =
      "0 pass; 1 a rule was broken; 2 wrong arguments, unreadable input, or nothing to judge; 3 the profile is not "
      "complete; 4 the program itself failed. Where several hold, 2, 4, 3, 1 is their order.";
  command.takes_program = TakesProgram::kAfterDashes;
  command.define = [](CLI::App& parser) -> RunCommand {
    auto options = std::make_shared<CheckOptions>();
    define_options(parser, *options);
    return [options](const Invocation& invocation) { return check(*options, invocation); };
  };
  return command;
}

}  // namespace memprof::cli
