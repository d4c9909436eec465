// `memprof check`: a gate for CI. Judges profiles, or a program that it runs, by rules.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>

#include "cli/check_command_formats.hpp"
#include "cli/check_command_options.hpp"
#include "cli/check_command_program.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "cli/profile_input.hpp"
#include "cli/run_command_output.hpp"
#include "cli/units.hpp"
#include "report/gate_config.hpp"
#include "report/gate_judge.hpp"

namespace memprof::cli {
namespace {

constexpr char kSuppressionsVariable[] = "MEMPROF_SUPPRESSIONS";

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

Result<Recorded> read_profiles(const std::vector<std::string>& files, std::optional<std::uint64_t> pid) {
  Recorded recorded;
  report::GateRun run;
  for (const std::string& file : files) {
    auto read = read_profile_files(file, pid);
    if (!read) {
      if (::access(file.c_str(), X_OK) == 0) read.error().hint = "to run it: memprof check -- " + file;
      return tl::unexpected(std::move(read.error()));
    }
    for (std::size_t i = 0; i < read->profiles.size(); ++i) {
      run.processes.push_back(&recorded.profiles.emplace_back(std::move(read->profiles[i])));
      run.files.push_back(read->files[i]);
    }
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
  if (options.output) {
    auto prepared = ProfileOutput::prepare(*options.output);
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
  auto config = combine_rules(options);
  if (!config) return tl::unexpected(std::move(config.error()));
  const bool writes = options.write_baseline.has_value();
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
  auto recorded = invocation.program.empty() ? read_profiles(options.files, options.pid)
                                             : run_program(*config, options, invocation);
  if (!recorded) return tl::unexpected(std::move(recorded.error()));
  input.runs = std::move(recorded->runs);
  auto verdict = report::judge(input);
  if (!verdict) return tl::unexpected(std::move(verdict.error()));
  if (writes || options.update_baseline) {
    auto saved = save_baseline(*verdict, writes ? *options.write_baseline : config->baseline);
    if (!saved) return tl::unexpected(std::move(saved.error()));
    verdict->notes.push_back(*saved);
  }
  if (auto shown = write_verdicts(*outputs, *verdict, invocation.console.out); !shown) {
    return tl::unexpected(shown.error());
  }
  if (options.gen_suppressions) invocation.console.out << report::suppressions_for(*verdict);
  return report::exit_status(verdict->outcome);
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
      "limit on the peak is for each. A budget is a limit for the call stacks that lead through a function, file or "
      "module.\n\n"
      "With --baseline, only sites that are new or have grown fail. A site is told by the names of the functions of "
      "the user's code on its call stack, so that a baseline outlives other compilers, options, lines and "
      "directories.\n\n"
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
    define_check_options(parser, *options);
    return [options](const Invocation& invocation) { return check(*options, invocation); };
  };
  return command;
}

}  // namespace memprof::cli
