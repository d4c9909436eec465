#pragma once
// Adds up what all processes of one run left behind, by fingerprint, and takes out what is suppressed.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "profile/profile.hpp"
#include "report/fingerprint.hpp"
#include "report/gate.hpp"
#include "report/gate_pattern.hpp"
#include "report/gate_rules.hpp"
#include "report/suppression.hpp"

namespace memprof::report {

/// Whether what is unfreed in this process counts: a program that was replaced by exec never got to free.
bool counts_unfreed(const Profile& profile);

/// The stack as suppression files see it: the hook first, then the frames. Refers to the profile and the paths.
std::vector<SuppressibleFrame> suppressible_stack(const Profile& profile, const FunctionPaths& paths, const Site& site);

struct SiteKey {
  std::string path;  ///< path_text()
  std::optional<std::size_t> suppression;
  friend auto operator<=>(const SiteKey&, const SiteKey&) = default;
};

struct SiteSum {
  FunctionPath path;
  GateFigures figures;
  const Profile* profile = nullptr;  ///< of the example
  std::size_t example = 0;           ///< in Profile::sites: the one with the most unfreed, else allocated, bytes
  std::vector<bool> in_limit;        ///< by GateRules::limits: whether the limit is for any stack of this site
};

/// Of one run of a program, or of all profiles that were given.
struct RunFigures {
  std::map<SiteKey, SiteSum> sites;
  std::vector<std::uint64_t> limits;  ///< measured, by GateRules::limits; unfreed ones after suppression
  std::uint64_t peak_bytes = 0;       ///< highest of a process
  std::string peak_program;
};

/// `patterns` as from compile_patterns(rules). `pattern_seen[i]` is set where limit i's pattern matched anything.
RunFigures sum_run(const std::vector<const Profile*>& processes, const GateRules& rules,
                   const SuppressionSet& suppressions, const std::vector<GatePattern>& patterns,
                   std::vector<bool>& pattern_seen);

/// The middle of all runs, figure by figure; of an even number the lower one, so that what only half of the runs show
/// fails nothing.
RunFigures middle_of(const std::vector<RunFigures>& runs);

/// The site as reports show it, without what rules say about it. `paths` are those of sum.profile.
GateSite describe_site(const SiteKey& key, const SiteSum& sum, const FunctionPaths& paths);

std::uint64_t figure_of(const GateFigures& figures, LimitKind kind);

}  // namespace memprof::report
