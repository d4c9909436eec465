#pragma once
// memprof.toml: the rules of a project, beside its sources (docs/gate.md).
//
//   [check]
//   max-unfreed-bytes = "4KiB"        # sizes are texts or whole numbers of bytes
//   baseline = "memprof.baseline"     # paths are relative to the file's own directory
//   suppressions = ["lsan.supp"]
//
//   [[budget]]
//   match = "Parser::*"
//   peak = "64MiB"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/result.hpp"
#include "report/gate_rules.hpp"

namespace memprof::report {

inline constexpr char kConfigName[] = "memprof.toml";

struct GateConfig {
  std::string path;  ///< empty: there is no file
  GateRules rules;
  std::string baseline;  ///< empty: none
  std::vector<std::string> suppressions;
  bool default_suppressions = true;
  std::uint64_t repeat = 1;
};

/// Errors name file and line: what is not TOML, a key that there is none of, a value of the wrong kind, a budget that
/// names nothing or limits nothing.
[[nodiscard]] Result<GateConfig> parse_gate_config(std::string_view text, const std::string& path);
[[nodiscard]] Result<GateConfig> read_gate_config(const std::string& path);

/// The nearest memprof.toml in `directory` or above, up to the root of the repository; empty: there is none.
std::string find_gate_config(const std::string& directory);

/// As a memprof.toml that says the same, with the origin of every rule as a comment.
std::string format_gate_config(const GateConfig& config);

}  // namespace memprof::report
