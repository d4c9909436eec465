#pragma once
// Judges what was measured by the rules in force. Every failure to judge is an Error: the gate never passes because
// of one.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "profile/result.hpp"
#include "report/baseline.hpp"
#include "report/gate.hpp"
#include "report/gate_rules.hpp"
#include "report/suppression.hpp"

namespace memprof::report {

/// One run of the program with all its processes, or all profiles named on the command line.
struct GateRun {
  std::vector<const Profile*> processes;  ///< at least one
  std::vector<std::string> files;         ///< where they are, by process; empty: not kept
  std::string program_failure;            ///< Verdict::program_failure
};

struct GateInput {
  std::vector<GateRun> runs;  ///< at least one; more when the program was repeated, without the warm-up
  GateRules rules;
  const SuppressionSet& suppressions;
  std::optional<Baseline> baseline;
  std::string baseline_path;
  bool default_rule = false;  ///< no rule was given: nothing may be unfreed, or where there are ticks, grow over them
  bool accept_baseline = false;  ///< what is found is about to be written to the baseline: it fails nothing
};

/// Growth over ticks is judged unless it is switched off, where there are enough of them; that over runs, where there
/// are enough of those. Errors: a budget whose pattern matches
/// nothing, rules that need call stacks or ticks on a profile without, too few ticks to judge.
[[nodiscard]] Result<Verdict> judge(const GateInput& input);

/// What --write-baseline and --update-baseline write: all that is unfreed and not suppressed.
[[nodiscard]] Baseline baseline_of(const Verdict& verdict);

/// How a recorded process failed, as a sentence ("app ended with status 3"); empty when it did not.
std::string process_failure(const Process& process);

}  // namespace memprof::report
