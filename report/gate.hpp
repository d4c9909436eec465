#pragma once
// The verdict of `memprof check`: which rules were in force, what was measured, which call stacks are to blame, and
// what it all comes to. Plain data that holds everything an output format may want to show; nothing in it refers to
// a profile. judge() (gate_judge.hpp) makes it.
//
// A site here is one fingerprint: all call stacks of all processes that agree in the functions of the user's code.
// Figures of a site and of a rule are after suppression, unless they say otherwise.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memprof::report {

/// In the order in which one beats the other; the exit status of `memprof check`.
enum class Outcome : std::uint8_t {
  kPass = 0,
  kRuleFailed = 1,
  kIncomplete = 3,     ///< something that changes a figure was lost, and --allow-incomplete was not given
  kProgramFailed = 4,  ///< the program itself failed, and --ignore-exit-status was not given
};
constexpr int exit_status(Outcome outcome) { return static_cast<int>(outcome); }

enum class Unit : std::uint8_t {
  kBytes,
  kCount,  ///< of blocks, allocations or sites
};

/// One rule in force, kept or broken.
struct RuleResult {
  std::string id;       ///< stable: "max-unfreed-bytes", "budget.max-peak", "max-growth.peak", "no-new-sites", …
  std::string title;    ///< a phrase without figures: "unfreed bytes of Parser::*"
  std::string pattern;  ///< of a budget: the function, file or module it is for; else empty
  std::string origin;   ///< "command line", "default", "memprof.toml:12"
  Unit unit = Unit::kBytes;
  std::uint64_t limit = 0;     ///< highest that passes
  std::uint64_t measured = 0;  ///< for a peak that of the process with the highest
  bool passed = true;
  std::string message;             ///< a sentence with both figures: "4.0 KiB unfreed, at most 0 B are allowed"
  std::vector<std::size_t> sites;  ///< in Verdict::sites: whom the rule blames, worst first; empty when it passed
};

/// Against the baseline.
enum class SiteStatus : std::uint8_t {
  kUnlisted,  ///< there is no baseline
  kNew,
  kGrown,
  kShrunk,
  kFixed,  ///< in the baseline, and unfreed no more
  kKnown,  ///< as it was, within the tolerance
};
/// "new", "grown", …; "unlisted" is "".
const char* status_word(SiteStatus status);

struct GateFrame {
  std::string function;  ///< demangled, or "libfoo.so+0x1a2b"
  std::string file;      ///< as the compiler wrote it; empty: unknown
  std::uint32_t line = 0;
  std::string module;  ///< path; empty: unknown
  bool inlined = false;
  bool own = false;  ///< the user's code: neither a standard library nor an allocator
};

struct GateFigures {
  std::uint64_t blocks = 0, bytes = 0;  ///< unfreed
  std::uint64_t peak_bytes = 0;         ///< share of the peak; highest over processes
  std::uint64_t allocations = 0, temporary = 0;
  friend bool operator==(const GateFigures&, const GateFigures&) = default;
};

/// What became of a site's live blocks over repeats or ticks.
struct TickGrowth {
  std::uint64_t ticks = 0;               ///< judged, after the warm-up
  double blocks_per_tick = 0;            ///< fitted
  double bytes_per_tick = 0;             ///< fitted
  double slope_low = 0, slope_high = 0;  ///< confidence interval of blocks_per_tick
};

struct GateSite {
  std::string fingerprint;              ///< 16 hex digits, the same for all builds of the same code
  std::vector<GateFrame> stack;         ///< of an example, innermost first, complete; empty for a fixed site
  std::vector<std::string> path;        ///< the functions that the fingerprint is made of, innermost first
  std::optional<std::size_t> location;  ///< index in `stack` of the line to show; without one no source is known
  std::string hook;                     ///< "malloc", "operator new[]", …
  std::string program;                  ///< base name of the process that did most of it
  SiteStatus status = SiteStatus::kUnlisted;
  GateFigures now;
  std::optional<GateFigures> before;       ///< of the baseline: blocks and bytes
  std::optional<TickGrowth> growth;        ///< only where repeats or ticks were judged
  std::optional<std::size_t> suppression;  ///< in Verdict::suppressions; such a site is blamed by no rule
  std::vector<std::size_t> rules;          ///< in Verdict::rules: those that blame it; a failing site has at least one
  std::string message;                     ///< a phrase: "new: 64 B in 4 blocks unfreed, allocated in fill()"

  bool failing() const { return !rules.empty(); }
};

struct SuppressionUse {
  std::string name;    ///< "leak:XGetDefault", or the name line of a Memcheck block
  std::string origin;  ///< "lsan.supp:3", "built-in"
  bool built_in = false;
  std::uint64_t sites = 0, blocks = 0, bytes = 0;  ///< what it suppressed; 0 sites: unused
};

struct CheckedProcess {
  std::string program;
  std::int32_t pid = 0;
  std::string profile;                                  ///< path; empty: not kept
  std::uint64_t unfreed_blocks = 0, unfreed_bytes = 0;  ///< before suppression
  std::uint64_t peak_bytes = 0, allocations = 0, temporary = 0;
};

struct Verdict {
  Outcome outcome = Outcome::kPass;
  std::string headline;  ///< "pass: 3 rules kept" or "fail: …, because …": the first line of every report
  std::vector<RuleResult> rules;
  std::vector<GateSite> sites;  ///< unfreed or blamed or fixed; failing first, then by bytes; suppressed last
  std::vector<SuppressionUse> suppressions;
  std::vector<CheckedProcess> processes;
  std::vector<std::string> incomplete_reasons;  ///< sentences, also when --allow-incomplete let them pass
  bool degraded = false;                        ///< some capture is; the reasons are notes
  std::string program_failure;  ///< "app ended with status 3", also when --ignore-exit-status let it pass; else empty
  std::string baseline;         ///< path of the one compared with; else empty
  std::vector<std::string> notes;  ///< sentences on what is odd but fails nothing
};

}  // namespace memprof::report
