#pragma once
// What `memprof check` is asked to hold, from the command line and from memprof.toml, before anything is measured.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/result.hpp"
#include "report/gate.hpp"

namespace memprof::report {

enum class LimitKind : std::uint8_t { kUnfreedBytes, kUnfreedBlocks, kPeak, kAllocations, kTemporary };

struct LimitKindWords {
  LimitKind kind;
  const char* key;  ///< in budgets; "max-" + key is the option and the key of the whole program's limit
  const char* title;
  Unit unit;
};
inline constexpr std::array<LimitKindWords, 5> kLimitKinds = {
    {{LimitKind::kUnfreedBytes, "unfreed-bytes", "unfreed bytes", Unit::kBytes},
     {LimitKind::kUnfreedBlocks, "unfreed-blocks", "unfreed blocks", Unit::kCount},
     {LimitKind::kPeak, "peak", "peak heap", Unit::kBytes},
     {LimitKind::kAllocations, "allocations", "allocations", Unit::kCount},
     {LimitKind::kTemporary, "temporary", "temporary allocations", Unit::kCount}}};
inline const LimitKindWords& words_of(LimitKind kind) { return kLimitKinds[static_cast<std::size_t>(kind)]; }

struct LimitRule {
  LimitKind kind = LimitKind::kUnfreedBytes;
  std::uint64_t limit = 0;
  std::string pattern;    ///< empty: the whole program; else as in GatePattern
  std::string origin;     ///< RuleResult::origin
  bool optional = false;  ///< the pattern may match nothing
};

struct GateRules {
  std::vector<LimitRule> limits;
  std::optional<double> max_growth;  ///< share: 0.02 for 2 %
  std::string max_growth_origin;
  std::optional<bool> no_new_sites;
  std::string no_new_sites_origin;
  std::optional<bool> no_tick_growth;  ///< unset: where there are enough ticks to judge
  std::string no_tick_growth_origin;
  std::uint64_t warmup = 0;  ///< ticks, or repeats, that are not judged
  bool allow_incomplete = false;
  bool ignore_exit_status = false;

  /// In place of an earlier one of the same kind and pattern.
  void set(LimitRule rule);
  /// Nothing may be unfreed.
  void set_default();
};

/// A size for bytes, a whole number for counts. Errors name the text and say what is expected.
[[nodiscard]] Result<std::uint64_t> parse_limit(LimitKind kind, const std::string& text);
/// "2%", "0.5 %", "0%"; as a share.
[[nodiscard]] Result<double> parse_growth(const std::string& text);
/// "peak=64MiB:Parser::*": a limit's key and value, then the pattern that it is for.
[[nodiscard]] Result<LimitRule> parse_budget(const std::string& text);

}  // namespace memprof::report
