#pragma once
// The words of `memprof check`, and the rules that they and memprof.toml make together.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "profile/result.hpp"
#include "report/gate_config.hpp"
#include "report/gate_rules.hpp"

namespace memprof::cli {

/// As typed. An option that is given without text is not the same as none: "--max-peak $LIMIT" must not lose the rule.
struct CheckOptions {
  std::optional<std::uint64_t> pid;  ///< of indices: only this process
  std::vector<std::string> files;
  std::array<std::optional<std::string>, report::kLimitKinds.size()> limits;  ///< by LimitKind
  std::vector<std::string> budgets, suppressions, formats;
  std::optional<std::string> growth, baseline, write_baseline, config, output, warmup, repeat;
  bool no_new_sites = false, no_tick_growth = false, update_baseline = false;
  bool no_default_suppressions = false, gen_suppressions = false;
  bool no_config = false, print_config = false;
  bool allow_incomplete = false, ignore_exit_status = false;
};

void define_check_options(CLI::App& parser, CheckOptions& options);

/// What cannot be meant together, before anything is read.
[[nodiscard]] Result<void> check_contradictions(const CheckOptions& options, const Invocation& invocation);

/// The configuration file, and the command line on top of it.
[[nodiscard]] Result<report::GateConfig> combine_rules(const CheckOptions& options);

}  // namespace memprof::cli
